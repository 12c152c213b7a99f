// @fal-ai/client with nothing but a key, knowing nothing of a fake: what it saw, as JSON.
//
// Run as `node unaware.mjs KEY`; the environment says where it is led.
import { createFalClient } from "@fal-ai/client";

const fal = createFalClient({ credentials: process.argv[2] });
console.warn = () => {};
const app = "fal-ai/any-llm";
const input = { prompt: "Write a tagline" };

const steps = {
  subscribe: async () => (await fal.subscribe(app, { input, pollInterval: 20 })).data,
  watched: async () => (await fal.subscribe(app, { input, mode: "streaming" })).data,
  run: async () => (await fal.run(app, { input })).data,
  urls: async () => {
    const job = await fal.queue.submit(app, { input });
    return [job.status_url, job.response_url, job.cancel_url];
  },
  stream: async () => {
    const stream = await fal.stream(app, { input });
    for await (const _ of stream);
    return stream.done();
  },
  upload: async () => {
    const url = await fal.storage.upload(new File(["some text"], "a.txt", { type: "text/plain" }));
    return [url, await (await fetch(url)).text()];
  },
  realtime: () =>
    new Promise((resolve, reject) => {
      const line = fal.realtime.connect(app, {
        throttleInterval: 0,
        onResult: (result) => (line.close(), resolve(result)),
        onError: reject,
      });
      line.send(input);
      setTimeout(() => reject(new Error("nothing came")), 20_000).unref();
    }),
};

const found = {};
for (const [name, step] of Object.entries(steps)) {
  try {
    found[name] = await step();
  } catch (error) {
    found[name] = { crashed: `${error.stack}\n${error.cause?.stack ?? ""}` };
  }
}
console.log(JSON.stringify(found));
process.exit(0);
