// Holds a conversation for each situation with @fal-ai/client; prints what came of it as JSON.
//
// Run as `node situations.mjs URL` with the situations as JSON on standard input. Nothing of the
// client is changed; timers run a hundred times faster, so that its retries need not be waited for.
const setTimer = globalThis.setTimeout;
globalThis.setTimeout = (callback, ms, ...rest) => setTimer(callback, (ms ?? 0) / 100, ...rest);

const { createFalClient } = await import("@fal-ai/client");

const base = process.argv[2];
const ANY_LLM = "fal-ai/any-llm";
const input = { prompt: "hi" };
const FOREIGN = "019b0000-0000-7000-8000-000000000000";
const PATIENCE_MS = 20_000;

const show = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function describe(error) {
  const cause = error.cause?.code ? ` (${error.cause.code})` : "";
  if (error.status === undefined) return `${error.name}: ${error.message}${cause}`;
  const body = error.body?.detail ?? error.body;
  const detail = body === undefined || body === "" ? "" : `, detail ${show(body)}`;
  const type = error.timeoutType ? ` (timeout ${error.timeoutType})` : "";
  return `${error.name} ${error.status}${type}: ${error.message}${detail}`;
}

async function attempt(hold) {
  try {
    const result = (await hold()) ?? null;
    return typeof result === "string" ? result : `returns ${show(result)}`;
  } catch (error) {
    return describe(error);
  }
}

class Flows {
  constructor({ key, receiver }) {
    this.key = key;
    this.receiver = receiver;
    this.fal = createFalClient({
      credentials: key,
      proxyUrl: { url: `${base}/api/fal/proxy`, when: "always" },
    });
  }

  async raw(method, path, body) {
    const headers = { Authorization: `Key ${this.key}` };
    const answer = await fetch(base + path, { method, headers, body });
    return `${answer.status} ${await answer.text()}`;
  }

  async subscribe(options = {}) {
    return (await this.fal.subscribe(ANY_LLM, { input, ...options })).data;
  }

  watched() {
    return this.subscribe();
  }

  async twice() {
    const first = await attempt(() => this.subscribe());
    return `${first}; then ${await attempt(() => this.subscribe())}`;
  }

  async run(given = input) {
    return (await this.fal.run(ANY_LLM, { input: given })).data;
  }

  async stream() {
    const events = [];
    const errors = [];
    const stream = await this.fal.stream(ANY_LLM, { input });
    stream.on("data", (event) => events.push(structuredClone(event)));
    stream.on("error", (error) => errors.push(error));
    const done = stream.done().catch((error) => void errors.push(error));
    await done;
    const counted = `${events.length} events`;
    return errors.length ? `${counted}, then ${describe(errors[0])}` : `${counted}, last ${show(events.at(-1))}`;
  }

  unknown_key() {
    return this.run({ ...input, promt: "typo" });
  }

  async short_queue() {
    const path = `/queue.fal.run/${ANY_LLM}?fal_max_queue_length=100`;
    return `raw POST: ${await this.raw("POST", path, JSON.stringify(input))}`;
  }

  foreign_id() {
    return this.fal.queue.status(ANY_LLM, { requestId: FOREIGN });
  }

  async full_path() {
    const { request_id: id } = await this.fal.queue.submit(`${ANY_LLM}/vision`, { input });
    return `raw GET: ${await this.raw("GET", `/queue.fal.run/${ANY_LLM}/vision/requests/${id}/status`)}`;
  }

  start_timeout() {
    return this.subscribe({ startTimeout: 30 });
  }

  async early() {
    const { request_id: requestId } = await this.fal.queue.submit(ANY_LLM, { input });
    return this.fal.queue.result(ANY_LLM, { requestId });
  }

  async cancel() {
    const { request_id: requestId } = await this.fal.queue.submit(ANY_LLM, { input });
    await this.fal.queue.cancel(ANY_LLM, { requestId });
    await this.fal.queue.subscribeToStatus(ANY_LLM, { requestId });
    return (await this.fal.queue.result(ANY_LLM, { requestId })).data;
  }

  async cancel_running() {
    const { request_id: requestId } = await this.fal.queue.submit(ANY_LLM, { input });
    while ((await this.fal.queue.status(ANY_LLM, { requestId })).status === "IN_QUEUE");
    await this.fal.queue.cancel(ANY_LLM, { requestId });
    await this.fal.queue.subscribeToStatus(ANY_LLM, { requestId });
    return (await this.fal.queue.result(ANY_LLM, { requestId })).data;
  }

  async finished() {
    const { request_id: requestId } = await this.fal.queue.submit(ANY_LLM, { input });
    await this.fal.queue.subscribeToStatus(ANY_LLM, { requestId });
    return requestId;
  }

  async cancel_done() {
    const requestId = await this.finished();
    return this.fal.queue.cancel(ANY_LLM, { requestId });
  }

  async an_hour_later() {
    const requestId = await this.finished();
    await this.fal.queue.result(ANY_LLM, { requestId });
    await this.raw("POST", "/_fakefal/clock/advance", JSON.stringify({ by: "1h" }));
    return this.fal.queue.result(ANY_LLM, { requestId });
  }

  async status_stream() {
    const seen = [];
    const onQueueUpdate = (update) => seen.push(update.status);
    const result = await attempt(() => this.subscribe({ mode: "streaming", onQueueUpdate }));
    return `${seen.join(", ")}; ${result}`;
  }

  async webhook(given = input, webhookUrl = this.receiver) {
    const { request_id: requestId } = await this.fal.queue.submit(ANY_LLM, { input: given, webhookUrl });
    await this.fal.queue.subscribeToStatus(ANY_LLM, { requestId });
    return (await this.fal.queue.result(ANY_LLM, { requestId })).data;
  }

  async webhook_early() {
    await this.fal.queue.submit(ANY_LLM, { input, webhookUrl: this.receiver });
    const describe = JSON.parse((await this.raw("GET", "/_fakefal/webhooks")).slice(4));
    const attempts = describe.flatMap((delivery) => delivery.attempts).length;
    return `at the answer of submit ${attempts} attempt was over`;
  }

  async webhook_pair() {
    for (const _ of "ab") await this.fal.queue.submit(ANY_LLM, { input, webhookUrl: this.receiver });
    return "submits a, then b";
  }

  async webhook_public() {
    await this.webhook({ prompt: "other" }, "https://93.184.216.34/hook");
    return this.webhook();
  }

  webhook_inside() {
    return this.run({ ...input, webhook_url: this.receiver });
  }

  async upload() {
    const url = await this.fal.storage.upload(new Blob(["a cat"], { type: "text/plain" }));
    return `read back: ${await this.raw("GET", url.replace(base, ""))}`;
  }

  async download() {
    const { data } = await this.fal.run("fal-ai/flux", { input });
    const url = data.images?.[0].url ?? (await this.fal.storage.upload(new Blob(["12345678"])));
    return `fetch: ${await attempt(() => this.raw("GET", url.replace(base, "")))}`;
  }

  async billed() {
    try {
      return await this.subscribe();
    } catch (error) {
      return describe(error);
    }
  }
}

async function hold(row) {
  const flows = new Flows(row);
  if (!flows[row.flow]) return "";
  const patience = new Promise((resolve) => setTimer(resolve, PATIENCE_MS, "waits for ever"));
  return Promise.race([attempt(() => flows[row.flow]()), patience]);
}

process.on("unhandledRejection", () => {}); // a stream that fails leaves one behind

let text = "";
for await (const chunk of process.stdin) text += chunk;
const rows = JSON.parse(text);
const told_ = await Promise.all(rows.map(hold));
console.log(JSON.stringify(Object.fromEntries(rows.map((row, index) => [row.key, told_[index]]))));
process.exit(0);
