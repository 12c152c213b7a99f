// An app that is recorded and replayed; prints what it saw as JSON.
//
// Run as `node recorded_app.mjs URL RECEIVER`; URL is a fake, RECEIVER takes webhooks.
import { createFalClient } from "@fal-ai/client";

const [base, receiver] = process.argv.slice(2);
const ANY_LLM = "fal-ai/any-llm";
const fal = createFalClient({
  retry: { maxRetries: 0 },
  credentials: process.env.FAL_KEY,
  proxyUrl: { url: `${base}/api/fal/proxy`, when: "always" },
});

async function attempt(hold) {
  try {
    return await hold();
  } catch (error) {
    return { raised: error.name, status: error.status, text: error.message, body: error.body };
  }
}

async function subscribed(prompt, options = {}) {
  const updates = [];
  const onQueueUpdate = (it) =>
    updates.push([it.status, it.queue_position ?? null, it.logs?.map((log) => log.message) ?? null]);
  const input = { prompt };
  const result = await attempt(() =>
    fal.subscribe(ANY_LLM, { input, logs: true, pollInterval: 60, onQueueUpdate, ...options }),
  );
  return { result, updates };
}

async function streamed(endpoint) {
  const began = performance.now();
  const times = [];
  const events = [];
  const stream = await fal.stream(endpoint, { input: { prompt: "stream" } });
  for await (const event of stream) {
    times.push((performance.now() - began) / 1000);
    events.push(event);
  }
  return { events, times, done: await stream.done() };
}

async function pictured() {
  const file = new File([Buffer.from("a picture")], "in put.png", { type: "image/png" });
  const { data } = await fal.run("fal-ai/flux/dev", { input: { prompt: "a cat", image_url: file } });
  const { url, ...image } = data.images[0];
  const answer = await fetch(url);
  const bytes = Buffer.from(await answer.arrayBuffer()).toString("hex");
  return { image, seed: data.seed, type: answer.headers.get("content-type"), bytes };
}

async function hooked(prompt) {
  const input = { prompt };
  return (await fal.queue.submit(ANY_LLM, { input, webhookUrl: receiver })).request_id;
}

const seen = {
  webhooks: [await hooked("call me"), await hooked("be rude")],
  queued: await subscribed("stand in line"),
  streaming: await subscribed("watch", { mode: "streaming" }),
  refused: await subscribed("be rude"),
  lost: await subscribed("lose the runner"),
  run: await attempt(() => fal.run(ANY_LLM, { input: { prompt: "run" } })),
  locked: await attempt(() => fal.run(ANY_LLM, { input: { prompt: "be locked" } })),
  stream: await streamed(ANY_LLM),
  progress: await streamed("acme/progress"),
  picture: await pictured(),
};
process.stdout.write(JSON.stringify(seen));
