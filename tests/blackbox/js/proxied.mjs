// Express with @fal-ai/server-proxy in front of a fake, and @fal-ai/client behind it as a browser
// would be: without a key, and knowing the proxy's URL alone.
//
// Run as `node proxied.mjs URL` with FAL_KEY set. The proxy's own requests are led to the fake by a
// replaced fetch, as a preload does it; nothing of the packages is patched.
import { createRequire } from "node:module";
import { createFalClient } from "@fal-ai/client";

const [base] = process.argv.slice(2);
const real = globalThis.fetch;
const ours = [];

/** What the proxy asks of fal goes to the fake; what the client asks stays as it is. */
globalThis.fetch = (input, init) => {
  const url = new URL(input);
  if (!/(^|\.)fal\.(run|ai|media)$/.test(url.hostname)) return real(input, init);
  ours.push(url.host);
  const headers = new Headers(init?.headers);
  headers.set("x-forwarded-host", url.host);
  return real(base + url.pathname + url.search, { ...init, headers });
};

const require = createRequire(import.meta.url);
const express = require("express");
const { createHandler, route } = require("@fal-ai/server-proxy/express");

const app = express();
app.all(route, express.json(), createHandler({ allowUnauthorizedRequests: true, allowedEndpoints: [] }));
const listening = await new Promise((resolve) => {
  const server = app.listen(0, "127.0.0.1", () => resolve(server));
});
const proxyUrl = `http://127.0.0.1:${listening.address().port}${route}`;
const fal = createFalClient({ proxyUrl: { url: proxyUrl, when: "always" } });

const found = {};
const { data, requestId } = await fal.subscribe("fal-ai/any-llm", {
  input: { prompt: "x" },
  pollInterval: 10,
});
found.subscribe = { data, requestId };

const stream = await fal.stream("fal-ai/any-llm", { input: { prompt: "x" } });
found.stream = [];
for await (const event of stream) found.stream.push(event.output);
found.done = await stream.done();

const url = await fal.storage.upload(new File(["through"], "a.txt", { type: "text/plain" }));
found.upload = { url, text: await (await real(url)).text() };
const picture = await fal.run("fal-ai/flux/dev", { input: { prompt: "x" } });
const image = picture.data.images[0];
found.picture = { url: image.url, status: (await real(image.url)).status };

const refused = async (headers, init) => {
  const response = await real(proxyUrl, { method: "POST", body: "{}", ...init, headers });
  return [response.status, await response.json()];
};
const type = { "content-type": "application/json" };
found.refused = {
  noTarget: await refused(type),
  wrongTarget: await refused({ ...type, "x-fal-target-url": "https://example.com/x" }),
  tokens: await refused({ ...type, "x-fal-target-url": "https://rest.fal.ai/tokens/" }),
};
found.hosts = [...new Set(ours)].sort();
listening.close();
process.stdout.write(JSON.stringify(found));
