// Uploads to a fake with @fal-ai/client and @fal-ai/serverless-client; prints what came of it.
//
// Run as `node uploads.mjs URL KEY MEGABYTES`. Nothing of the clients is patched.
import { createHash } from "node:crypto";
import { createFalClient } from "@fal-ai/client";
import * as serverless from "@fal-ai/serverless-client";

const [base, key, megabytes] = process.argv.slice(2);
const MEGABYTE = 1024 * 1024;

const moved = (url) => String(url).replace(/^https:\//, base);
const requestMiddleware = async (request) => ({ ...request, url: moved(request.url) });
const WAYS = {
  proxyUrl: { proxyUrl: { url: `${base}/api/fal/proxy`, when: "always" } },
  requestMiddleware: { requestMiddleware },
  fetch: {
    fetch: (input, init) => {
      const url = new URL(input);
      const headers = { ...init.headers, "x-forwarded-host": url.host };
      return fetch(base + url.pathname + url.search, { ...init, headers });
    },
  },
};

const sha = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** A file as a program downloads it, without a key; canonical URLs are moved to the fake. */
async function read(url) {
  const response = await fetch(url.startsWith(base) ? url : moved(url));
  const bytes = Buffer.from(await response.arrayBuffer());
  const type = response.headers.get("content-type");
  return { url, status: response.status, type, size: bytes.length, sha: sha(bytes) };
}

async function small(fal) {
  const blob = new Blob(["Hello, world!"], { type: "text/plain" });
  const file = new File([new Uint8Array([1, 2, 3])], "../my file (1).png", { type: "image/png" });
  const { data } = await fal.subscribe("acme/echo", {
    input: { image_url: file, more: [blob], data: "data:text/plain,x" },
    pollInterval: 10,
  });
  const picture = await fal.subscribe("fal-ai/flux/dev", { input: { prompt: "cat" }, pollInterval: 10 });
  return {
    upload: await read(await fal.storage.upload(blob)),
    short: await read(await fal.storage.upload(blob, { lifecycle: { expiresIn: 1 } })),
    hidden: await read(await fal.storage.upload(blob, { lifecycle: { initialAcl: { default: "hide" } } })),
    seen: data.seen,
    sent: [await read(data.seen.image_url), await read(data.seen.more[0])],
    picture: await read(picture.data.images[0].url),
  };
}

async function large(fal) {
  const parts = Array.from({ length: Number(megabytes) }, (_, number) => {
    const part = Buffer.alloc(MEGABYTE, number);
    part.writeUInt32BE(number);
    return part;
  });
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  const sent = hash.digest("hex");
  return { sent, ...(await read(await fal.storage.upload(new File(parts, "large.bin")))) };
}

async function old() {
  serverless.config({ credentials: `${key}-old`, requestMiddleware });
  const file = new File(["old"], "old.txt", { type: "text/plain" });
  const result = await serverless.subscribe("acme/echo", { input: { file }, pollInterval: 10 });
  return { result, sent: await read((result.data ?? result).seen.file) };
}

const found = { old: await old() };
for (const way of Object.keys(WAYS)) {
  const fal = createFalClient({ ...WAYS[way], credentials: `${key}-${way}` });
  found[way] = await small(fal);
  if (way === "proxyUrl" && Number(megabytes)) found.large = await large(fal);
}
process.stdout.write(JSON.stringify(found));
