// Made chromium.har: a page in Chromium 156 asked fal.run and the other hosts of fal through a proxy,
// behind which a fakefal stood in for them. Playwright (playwright-core 1.65.1) writes down what the
// browser's network log tells it. Run as `node chromium.mjs URL OUT`.
import { chromium } from "playwright-core";
const [url, out] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"], proxy: { server: url } });
const context = await browser.newContext({ ignoreHTTPSErrors: true, recordHar: { path: out, content: "embed" } });
const page = await context.newPage();
await page.goto("https://fal.ai/").catch(() => {});
const seen = await page.evaluate(async () => {
  const headers = { Authorization: "Key 11112222-3333-4444-5555-666677778888:0123456789abcdef0123456789abcdef", "Content-Type": "application/json" };
  const ask = (url, body, method) => fetch(url, { method: method ?? (body ? "POST" : "GET"), headers, body: body && JSON.stringify(body) });
  const job = await (await ask("https://queue.fal.run/fal-ai/any-llm", { prompt: "hello" })).json();
  const states = [];
  for (;;) {
    const status = await (await ask(`https://queue.fal.run/fal-ai/any-llm/requests/${job.request_id}/status?logs=1`)).json();
    states.push(status.status);
    if (status.status === "COMPLETED") break;
    await new Promise((done) => setTimeout(done, 50));
  }
  const result = await (await ask(`https://queue.fal.run/fal-ai/any-llm/requests/${job.request_id}`)).json();
  const stream = await (await ask("https://fal.run/fal-ai/any-llm/stream", { prompt: "count" })).text();
  const image = await (await ask("https://fal.run/fal-ai/flux/dev", { prompt: "a cat" })).json();
  const bytes = (await (await fetch(image.images[0].url)).arrayBuffer()).byteLength;
  const refused = await (await ask("https://fal.run/acme/refused", { prompt: "rude" })).json();
  await ask("https://rest.fal.ai/tokens/", { allowed_apps: ["any-llm"], token_expiration: 120 });
  await fetch("https://example.com/").catch(() => {});
  return { states, result, stream: stream.length, bytes, refused };
});
console.log(JSON.stringify(seen));
await context.close();
await browser.close();
