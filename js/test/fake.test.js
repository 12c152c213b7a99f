import https from "node:https";
import net from "node:net";
import { createFalClient, fal } from "@fal-ai/client";
import { afterEach, expect, test, vi } from "vitest";
import { absent, contains, FakeFal, regex, startFakeFal, useFakeFal, withFake } from "fakefal/vitest";

const fake = useFakeFal({ clock: "instant" });
const input = { prompt: "a tagline" };

afterEach(() => vi.useRealTimers());

test("the builder has the words of Python", async () => {
  fake.on("fal-ai/any-llm", { prompt: contains("tagline") }).fail("content_policy_violation").then.text("Ship it.");
  const client = createFalClient({ credentials: "other:key" });
  await expect(client.run("fal-ai/any-llm", { input })).rejects.toMatchObject({ status: 422 });
  expect((await client.run("fal-ai/any-llm", { input })).data.output).toBe("Ship it.");
  expect(fake.calls().map((call) => call.input)).toEqual([input, input]);
});

test("matchers", async () => {
  fake.on("fal-ai/any-llm", { prompt: /^A TAG/i, model: absent() }).text("matched");
  fake.on("fal-ai/any-llm", { prompt: regex("^b") }).text("other");
  expect((await fal.run("fal-ai/any-llm", { input })).data.output).toBe("matched");
  fake.assertNotCalled("fal-ai/any-llm", { prompt: "b" });
  expect((await fal.run("fal-ai/any-llm", { input: { prompt: "b" } })).data.output).toBe("other");
});

test("an expected miss", async () => {
  fake.on("fal-ai/any-llm", { prompt: "x" }).text("x");
  await expect(fal.run("fal-ai/any-llm", { input })).rejects.toThrow();
  expect(fake.popMisses()).toContain("1 call matched no exchange:");
  await fal.run("fal-ai/any-llm", { input: { prompt: "x" } });
});

test("the pauses of the client take no time", async () => {
  fake.on("fal-ai/any-llm").text("Ship it.").timeline({ IN_QUEUE: { for: "30s" } }, { IN_PROGRESS: { for: "60s" } });
  const before = performance.now();
  const clock = fake.clock.now;
  await fal.subscribe("fal-ai/any-llm", { input, pollInterval: 5000 });
  expect(performance.now() - before).toBeLessThan(5000);
  expect(fake.clock.now - clock).toBeGreaterThanOrEqual(90);
});

test("fake timers move together with a manual clock", async () => {
  fake.reset("manual");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  fake.on("fal-ai/any-llm").text("Ship it.").timeline({ IN_PROGRESS: { for: "60s" } });
  let result;
  const done = fal.subscribe("fal-ai/any-llm", { input, pollInterval: 1000 }).then(({ data }) => {
    result = data.output;
  });
  await vi.waitUntil(() => fake.jobs.length === 1 && vi.getTimerCount() > 0);
  expect(result).toBeUndefined();
  await fake.clock.advance("61s");
  await done;
  expect(result).toBe("Ship it.");
});

test("options, faults and scenarios", async () => {
  fake.load({ exchanges: [{ when: { endpoint: "fal-ai/any-llm" }, reply: { text: "loaded" } }] });
  fake.faults({ submit: ["nginx-502", "ok"] });
  expect((await fal.subscribe("fal-ai/any-llm", { input })).data.output).toBe("loaded");
  expect(fake.story()).toContain("502");
});

test("http, and every name of fal is answered by the fake or by nobody", async () => {
  fake.on("fal-ai/any-llm").text("over http");
  const text = await new Promise((resolve, reject) => {
    const request = https.request("https://fal.run/fal-ai/any-llm", { method: "POST" }, async (response) => {
      let body = "";
      for await (const chunk of response) body += chunk;
      resolve(body);
    });
    request.on("error", reject);
    request.end(JSON.stringify(input));
  });
  expect(JSON.parse(text).output).toBe("over http");
  const error = await new Promise((resolve) => net.connect(443, "queue.fal.run").on("error", resolve));
  expect(error.message).toContain("fakefal blocked a direct connection to queue.fal.run:443");
});

test("functions are refused in words", () => {
  expect(() => fake.on("fal-ai/any-llm", { prompt: () => true })).toThrow("functions cannot match or reply");
});

test("a server of the run is found", async () => {
  const server = await startFakeFal();
  expect(server.isOwn).toBe(false);
  expect(server.url).toBe(process.env.FAKEFAL_URL);
});

test("withFake", async () => {
  const answers = await Promise.all(
    ["one", "two"].map(async (answer) => {
      let output;
      await withFake(async (own) => {
        expect(own).toBeInstanceOf(FakeFal);
        own.on("fal-ai/any-llm").text(answer);
        output = (await fal.run("fal-ai/any-llm", { input })).data.output;
      })();
      return output;
    }),
  );
  expect(answers).toEqual(["one", "two"]);
});
