// Every end of a realtime session, and workflows, as @fal-ai/client tells them.
//
// Run as `node --experimental-websocket sockets.mjs URL KEY`. The client's socket has a fixed
// address, so the global WebSocket is replaced as a preload does it. Nothing of the package is patched.
import { createFalClient } from "@fal-ai/client";

const [base, key] = process.argv.slice(2);
console.warn = () => {};
const closes = new Map();
let opening;

const Real = globalThis.WebSocket;
globalThis.WebSocket = class WebSocket extends Real {
  constructor(url, ...rest) {
    const { host, pathname, search } = new URL(url);
    super(`${base.replace(/^http/, "ws")}/${host}${pathname}${search}`, ...rest);
    const name = opening;
    this.addEventListener("close", (event) => closes.set(name, [event.code, event.reason]));
  }
};

const client = createFalClient({
  credentials: key,
  proxyUrl: { url: `${base}/api/fal/proxy`, when: "always" },
});

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** What the callbacks are told after one input; sockets that stay open are closed when all came. */
async function after(name, app, inputs, count, more = {}) {
  opening = name;
  const results = [];
  const errors = [];
  const line = client.realtime.connect(app, {
    throttleInterval: 0,
    connectionKey: name,
    onResult: (result) => results.push(result),
    onError: (error) => errors.push([error.status, error.message]),
    ...more,
  });
  for (const input of inputs) {
    line.send(input);
    await pause(30);
  }
  for (let turn = 0; turn < 400 && !closes.has(name); turn++) {
    if (count !== undefined && results.length + errors.length >= count) break;
    await pause(5);
  }
  await pause(20);
  line.close();
  return { results, errors, close: closes.get(name) ?? null };
}

const found = {};
for (const end of ["normal", "going away", "timeout", "fail", "code", "trouble", "reset", "drop"])
  found[end] = await after(end, "acme/ends", [{ prompt: end }]);
found.garbage = await after("garbage", "acme/ends", [{ prompt: "garbage" }], 1);
found.locked = await after("locked", "acme/locked", [{ prompt: "x" }]);
found.late = await after("late", "acme/late", [{ prompt: "x" }]);
found.steps = await after("steps", "acme/steps", [{ prompt: "x" }]);
found.talk = await after("talk", "acme/talk", [{ prompt: "quiet" }, { prompt: "a" }], 2);
found.path = await after("path", "acme/own", [{ prompt: "a" }], 1, { path: "/path" });

async function events(id) {
  const stream = await client.stream(id, { input: { prompt: "cat" } });
  const heard = [];
  for await (const event of stream) heard.push(event);
  return { heard, done: await stream.done() };
}
found.story = await events("workflows/acme/story");
found.broken = await events("workflows/acme/broken");
found.subscribed = (await client.subscribe("workflows/acme/story", { input: { prompt: "cat" } })).data;
found.refused = await client
  .subscribe("workflows/acme/broken", { input: {} })
  .catch((error) => ({ status: error.status, type: error.body?.detail?.[0]?.type }));

process.stdout.write(JSON.stringify(found), () => process.exit(0));
