// Talks to a fake with @fal-ai/client and prints what the client saw as JSON.
//
// Run as `node fal_client.mjs URL KEY`. Each way of pointing the client at the fake has a key of its
// own (KEY-proxyUrl, other-KEY-proxyUrl, …) and holds every conversation, all at once; nothing of the
// client is patched.
import { ApiError, createFalClient } from "@fal-ai/client";

const [base, key] = process.argv.slice(2);
const ANY_LLM = "fal-ai/any-llm";

/** The base-URL form: https://queue.fal.run/x becomes http://127.0.0.1:PORT/queue.fal.run/x. */
const moved = (url) => String(url).replace(/^https:\//, base);

const WAYS = {
  proxyUrl: { proxyUrl: { url: `${base}/api/fal/proxy`, when: "always" } },
  requestMiddleware: {
    requestMiddleware: async (request) => ({ ...request, url: moved(request.url) }),
  },
  fetch: {
    fetch: (input, init) => {
      const url = new URL(input);
      const headers = { ...init.headers, "x-forwarded-host": url.host };
      return fetch(base + url.pathname + url.search, { ...init, headers });
    },
  },
};

const asking = (prompt) => (prompt === undefined ? {} : { prompt });

/** A result, or the exception as the program would see it. */
async function attempt(promise) {
  try {
    return { result: (await promise) ?? null };
  } catch (error) {
    return {
      raised: error.name,
      isApiError: error instanceof ApiError,
      text: error.message,
      status: error.status,
      body: error.body,
      requestId: error.requestId,
      fieldErrors: error.fieldErrors,
    };
  }
}

/**
 * Every event of a stream, and how it ended. To be called at once: the client's iterator waits for
 * ever for a stream that ended before.
 */
async function readThrough(stream) {
  const events = [];
  const errors = [];
  stream.on("error", (error) => errors.push(error.status));
  const done = attempt(stream.done());
  for await (const event of stream) events.push(structuredClone(event));
  return { events, errors, done: await done, requestId: stream.requestId };
}

const FLOWS = {
  async subscribe({ fal }) {
    const enqueued = [];
    const updates = [];
    const result = await fal.subscribe(ANY_LLM, {
      input: asking("stand in line"),
      logs: true,
      pollInterval: 10,
      onEnqueue: (id) => enqueued.push(id),
      onQueueUpdate: (update) => updates.push(structuredClone(update)),
    });
    return { enqueued, updates, result };
  },

  async subscribeStreaming({ fal }) {
    const updates = [];
    const result = await fal.subscribe(ANY_LLM, {
      input: asking("stand in line"),
      logs: true,
      mode: "streaming",
      onQueueUpdate: (update) => updates.push(structuredClone(update)),
    });
    return { updates, result };
  },

  async streamStatus({ fal }) {
    const submit = async (prompt) =>
      (await fal.queue.submit(ANY_LLM, { input: asking(prompt) })).request_id;
    const follow = async (requestId, logs) =>
      readThrough(await fal.queue.streamStatus(ANY_LLM, { requestId, logs }));
    const requestId = await submit("stand in line");
    return {
      requestId,
      first: await follow(requestId, true),
      afterwards: await follow(requestId, false),
      paced: await follow(await submit("take your time"), true),
    };
  },

  async handle({ fal }) {
    const submitted = await fal.queue.submit(ANY_LLM, { input: asking("say hello") });
    const requestId = submitted.request_id;
    const early = await attempt(fal.queue.result(ANY_LLM, { requestId }));
    const status = () => fal.queue.status(ANY_LLM, { requestId, logs: true });
    const completed = await fal.queue.subscribeToStatus(ANY_LLM, { requestId, pollInterval: 10 });
    return {
      submitted,
      early,
      completed,
      statuses: [await status(), await status()],
      results: [
        await fal.queue.result(ANY_LLM, { requestId }),
        await fal.queue.result(ANY_LLM, { requestId }),
      ],
    };
  },

  async cancelInQueue({ fal }) {
    const { request_id: requestId } = await fal.queue.submit(ANY_LLM, {
      input: asking("wait for ever"),
    });
    return {
      before: await fal.queue.status(ANY_LLM, { requestId }),
      cancelled: await attempt(fal.queue.cancel(ANY_LLM, { requestId })),
      again: await attempt(fal.queue.cancel(ANY_LLM, { requestId })),
      after: await fal.queue.status(ANY_LLM, { requestId }),
      result: await attempt(fal.queue.result(ANY_LLM, { requestId })),
    };
  },

  async cancelCompleted({ fal }) {
    const { requestId } = await fal.subscribe(ANY_LLM, {
      input: asking("say hello"),
      pollInterval: 10,
    });
    return {
      cancelled: await attempt(fal.queue.cancel(ANY_LLM, { requestId })),
      result: await attempt(fal.queue.result(ANY_LLM, { requestId })),
    };
  },

  async cancelUnderStatusStream({ fal }) {
    const { request_id: requestId } = await fal.queue.submit(ANY_LLM, {
      input: asking("wait for ever"),
    });
    const stream = await fal.queue.streamStatus(ANY_LLM, { requestId, logs: true });
    stream.on("data", (update) => {
      if (update.status === "IN_QUEUE") fal.queue.cancel(ANY_LLM, { requestId });
    });
    return await readThrough(stream);
  },

  async deadline({ fal }) {
    let requestId;
    const outcome = await attempt(
      fal.subscribe(ANY_LLM, {
        input: asking("wait for ever"),
        pollInterval: 10,
        timeout: 60,
        onEnqueue: (id) => (requestId = id),
      }),
    );
    return { outcome, requestId };
  },

  async stream({ fal }) {
    const of = async (prompt) =>
      readThrough(await fal.stream(ANY_LLM, { input: asking(prompt) }));
    return {
      words: await of("stream words"),
      characters: await of("stream characters"),
      flagged: await of("something rude"),
    };
  },

  async invalid({ fal }) {
    return {
      run: await attempt(fal.run(ANY_LLM, { input: {} })),
      subscribe: await attempt(fal.subscribe(ANY_LLM, { input: {}, pollInterval: 10 })),
      stream: await readThrough(await fal.stream(ANY_LLM, { input: {} })),
    };
  },

  async failed({ fal }) {
    const updates = [];
    const options = { pollInterval: 10, onQueueUpdate: (update) => updates.push(update) };
    const disconnected = await attempt(
      // The client asks three times more for a 503, with pauses that grow.
      fal.subscribe(ANY_LLM, { input: asking("break down"), ...options }),
    );
    const input = asking("something rude");
    return {
      updates,
      disconnected,
      flagged: await attempt(fal.subscribe(ANY_LLM, { input, pollInterval: 10 })),
      flaggedRun: await attempt(fal.run(ANY_LLM, { input })),
    };
  },

  async recovery({ fal }) {
    const ask = () =>
      attempt(fal.subscribe(ANY_LLM, { input: asking("try again"), pollInterval: 10 }));
    return {
      asked: [await ask(), await ask(), await ask(), await ask()],
      gateway: await attempt(fal.run(ANY_LLM, { input: asking("pass the gateway") })),
      limit: await attempt(fal.run(ANY_LLM, { input: asking("pass the limit") })),
    };
  },

  async requestIds({ fal }) {
    const input = asking("say hello");
    const run = await fal.run(ANY_LLM, { input });
    const { request_id: submitted } = await fal.queue.submit(ANY_LLM, { input });
    await fal.queue.subscribeToStatus(ANY_LLM, { requestId: submitted, pollInterval: 10 });
    const result = await fal.queue.result(ANY_LLM, { requestId: submitted });
    return { run, submitted, result };
  },

  async otherEndpoints({ fal }) {
    const input = { prompt: "ein Kätzchen" };
    const submitted = await fal.queue.submit("fal-ai/flux/dev", { input });
    const flow = await fal.queue.submit("workflows/acme/pipeline", { input: {} });
    return {
      submitted,
      image: await fal.subscribe("fal-ai/flux/dev", { input, pollInterval: 10 }),
      run: await fal.run("fal-ai/flux/dev", { input }),
      flow,
      workflow: await fal.subscribe("workflows/acme/pipeline", { input: {}, pollInterval: 10 }),
    };
  },

  async lanes({ fal }) {
    const wishes = {
      plain: {},
      low: { priority: "low" },
      hinted: { hint: "warm" },
      hurried: { startTimeout: 30 },
      red: { headers: { "X-Team": "red" } },
    };
    const found = {};
    for (const [lane, options] of Object.entries(wishes)) {
      const submitted = await fal.queue.submit("acme/lanes", { input: {}, ...options });
      const requestId = submitted.request_id;
      await fal.queue.subscribeToStatus("acme/lanes", { requestId, pollInterval: 10 });
      found[lane] = (await fal.queue.result("acme/lanes", { requestId })).data.lane;
    }
    return found;
  },

  async miss({ fal }) {
    const input = asking("stand in lime");
    return {
      run: await attempt(fal.run(ANY_LLM, { input })),
      submit: await attempt(fal.queue.submit(ANY_LLM, { input })),
    };
  },

  async twoKeys({ fal, other }) {
    const ask = async (client) =>
      (await client.run(ANY_LLM, { input: asking("who am I") })).data.output;
    const { request_id: requestId } = await fal.queue.submit(ANY_LLM, {
      input: asking("say hello"),
    });
    return {
      mine: [await ask(fal), await ask(fal)],
      others: [await ask(other), await ask(other)],
      foreign: await attempt(other.queue.status(ANY_LLM, { requestId })),
    };
  },
};

// Short pauses before a repeated run; those of the queue cannot be changed.
const quick = { retry: { baseDelay: 5 } };

async function runFlow(way, name) {
  const client = (credentials) => createFalClient({ ...quick, ...WAYS[way], credentials });
  try {
    const clients = { fal: client(`${key}-${way}`), other: client(`other-${key}-${way}`) };
    return [name, await FLOWS[name](clients)];
  } catch (error) {
    return [name, { crashed: String(error.stack ?? error) }];
  }
}

const reports = await Promise.all(
  Object.keys(WAYS).map(async (way) => [
    way,
    Object.fromEntries(await Promise.all(Object.keys(FLOWS).map((name) => runFlow(way, name)))),
  ]),
);
process.stdout.write(JSON.stringify(Object.fromEntries(reports)));
