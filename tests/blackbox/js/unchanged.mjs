// Clients as their own documentation uses them: nothing here knows of a fake. The first argument
// says which client; prints one JSON document.
import https from "node:https";

const LLM = "fal-ai/any-llm";
const input = { prompt: "Write a tagline" };

const clients = {
  async "fal-ai"() {
    const { fal } = await import("@fal-ai/client");
    const report = {};
    const { data } = await fal.subscribe(LLM, { input, pollInterval: 20 });
    report.subscribe = data.output;
    report.stream = [];
    for await (const event of await fal.stream(LLM, { input })) report.stream.push(event.output);
    report.upload = await fal.storage.upload(new Blob(["some bytes"], { type: "text/plain" }));
    const read = await fetch(report.upload);
    report.read = [read.url === report.upload, await read.text()];
    report.realtime = await new Promise((resolve, reject) => {
      const line = fal.realtime.connect("acme/live", {
        connectionKey: "here",
        throttleInterval: 0,
        onResult: (result) => {
          line.close();
          resolve(result);
        },
        onError: reject,
      });
      line.send({ prompt: "hi" });
    });
    return report;
  },

  async "ai-sdk"() {
    const { fal } = await import("@ai-sdk/fal");
    const { generateImage, experimental_generateVideo: generateVideo } = await import("ai");
    const { image } = await generateImage({ model: fal.image("fal-ai/flux/dev"), prompt: "a cat" });
    const model = fal.video("kling-video/v2.1");
    const { video } = await generateVideo({ model, prompt: "a cat", poll: { intervalMs: 20 } });
    return {
      image: [image.mediaType, image.uint8Array.length > 1000],
      video: [video.mediaType, video.uint8Array.length > 1000],
    };
  },

  async tanstack() {
    const { falImage } = await import("@tanstack/ai-fal");
    const { generateImage } = await import("@tanstack/ai");
    const made = await generateImage({ adapter: falImage("fal-ai/flux/dev"), prompt: "a cat" });
    return { image: made.images[0].url };
  },

  // what other clients are built on
  async transports() {
    const headers = { Authorization: `Key ${process.env.FAL_KEY}`, "Content-Type": "application/json" };
    const body = JSON.stringify(input);
    const post = { method: "POST", headers, body };
    const url = `https://fal.run/${LLM}`;
    const report = {};
    const request = new Request(url, post);
    report.request = (await (await fetch(request)).json()).output;
    const pieces = new ReadableStream({
      start(controller) {
        for (const piece of [body.slice(0, 5), body.slice(5)]) controller.enqueue(Buffer.from(piece));
        controller.close();
      },
    });
    const streamed = await fetch(new URL(url), { ...post, body: pieces, duplex: "half" });
    report.pieces = [streamed.url, (await streamed.json()).output];
    report.aborted = await fetch(url, { ...post, signal: AbortSignal.abort() }).catch((it) => it.name);
    report.https = await new Promise((resolve, reject) => {
      const agent = new https.Agent({ keepAlive: true });
      const made = https.request({ hostname: "fal.run", path: `/${LLM}`, agent, method: "POST", headers });
      made.on("error", reject);
      made.on("response", async (answer) => {
        let text = "";
        for await (const piece of answer) text += piece;
        agent.destroy();
        resolve([made.protocol, made.host, JSON.parse(text).output]);
      });
      made.end(body);
    });
    const { default: axios } = await import("axios");
    const submitted = await axios.post(`https://queue.fal.run/${LLM}`, input, { headers });
    report.axios = submitted.data.status_url.startsWith("https://queue.fal.run/fal-ai/any-llm/");
    const undici = await import("undici");
    report.undici = [];
    for (const dispatcher of [undefined, new undici.Agent(), new undici.ProxyAgent("http://127.0.0.1:9")]) {
      const answer = await undici.request(url, { ...post, ...(dispatcher && { dispatcher }) });
      report.undici.push((await answer.body.json()).output);
    }
    const mocks = new undici.MockAgent();
    mocks.disableNetConnect();
    mocks.get("https://fal.run").intercept({ path: "/mocked" }).reply(299, "mocked");
    report.mocked = (await undici.request("https://fal.run/mocked", { dispatcher: mocks })).statusCode;
    return report;
  },

  async worker() {
    const { Worker } = await import("node:worker_threads");
    const source = `
      import { parentPort } from "node:worker_threads";
      const headers = { Authorization: "Key " + process.env.FAL_KEY };
      const body = '{"prompt": "x"}';
      const answer = await fetch("https://fal.run/${LLM}", { method: "POST", headers, body });
      parentPort.postMessage((await answer.json()).output);`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    return { worker: await new Promise((resolve, reject) => worker.on("message", resolve).on("error", reject)) };
  },
};

process.stdout.write(JSON.stringify(await clients[process.argv[2]]()));
process.exit(0); // some keep sockets open
