// fal.realtime.connect of @fal-ai/client against two fakes, and what its callbacks were told.
//
// Run as `node --experimental-websocket realtime.mjs URL STRICT_URL KEY`. The token request goes
// through proxyUrl; the client's socket has a fixed address, so the global WebSocket is replaced as
// a preload does it. Nothing of the package is patched.
import { createFalClient } from "@fal-ai/client";

const [base, strict, key] = process.argv.slice(2);
console.warn = () => {};
let address = base;
const opened = [];
const closed = [];

const Real = globalThis.WebSocket;
globalThis.WebSocket = class WebSocket extends Real {
  constructor(url, ...rest) {
    const { host, pathname, search } = new URL(url);
    super(`${address.replace(/^http/, "ws")}/${host}${pathname}${search}`, ...rest);
    opened.push(`${host}${pathname}`);
    this.addEventListener("close", (event) => closed.push(event.code));
  }
};

const client = (url) =>
  createFalClient({
    credentials: key,
    proxyUrl: { url: `${url}/api/fal/proxy`, when: "always" },
  });

/** A connection whose callbacks can be waited for, one after the other. */
function connect(app, more = {}, url = base) {
  address = url;
  const told = [];
  const waiting = [];
  const tell = (what) => (waiting.length ? waiting.shift()(what) : told.push(what));
  const line = client(url).realtime.connect(app, {
    throttleInterval: 0,
    onResult: (result) => tell({ result }),
    onError: (error) => tell({ status: error.status, text: error.message }),
    ...more,
  });
  const next = () =>
    told.length
      ? Promise.resolve(told.shift())
      : new Promise((resolve, reject) => {
          waiting.push(resolve);
          setTimeout(() => reject(new Error("nothing came")), 10_000).unref();
        });
  return { ...line, next };
}

const until = async (isTrue) => {
  for (let turn = 0; turn < 2000 && !isTrue(); turn++) await new Promise((done) => setTimeout(done, 5));
  if (!isTrue()) throw new Error("it never came");
};

const advance = (by) =>
  fetch(`${base}/_fakefal/clock/advance`, {
    method: "POST",
    headers: { Authorization: `Key ${key}` },
    body: JSON.stringify({ by }),
  });

const found = {};

const live = connect("acme/live", { maxBuffering: 5 });
live.send({ prompt: "one", request_id: "mine" });
found.first = await live.next();
live.send({ prompt: "two" });
found.second = await live.next();

await advance("60s");
await until(() => closed.length === 1);
live.send({ prompt: "again" });
found.afterTimeout = await live.next();
found.opened = [...opened];
live.close();
await until(() => closed.length === 2);
found.closed = [...closed];

const failing = connect("acme/live");
failing.send({ prompt: "fail" });
found.failed = await failing.next();
await until(() => closed.length === 3);

const breaking = connect("acme/live");
breaking.send({ prompt: "break" });
found.broken = [await breaking.next()];
await until(() => closed.length === 4);
found.codes = closed.slice(2);

const wrong = connect("acme/live", { tokenProvider: async () => "wrong" });
wrong.send({ prompt: "x" });
found.wrongToken = await wrong.next();

const asText = { encodeMessage: () => "a text frame" };
const ignored = connect("acme/live", asText);
ignored.send({ prompt: "x" });
for (let turn = 0; turn < 500 && !found.noted; turn++) {
  const headers = { Authorization: `Key ${key}` };
  const journal = await (await fetch(`${base}/_fakefal/journal`, { headers })).json();
  found.noted = journal.find((line) => line.kind === "lint")?.note;
}
const loud = connect("acme/live", asText, strict);
loud.send({ prompt: "x" });
found.textError = await loud.next();

process.stdout.write(JSON.stringify(found), () => process.exit(0));
