import { once } from "node:events";
import { contains, useFakeFal } from "fakefal/vitest";
import { afterAll, beforeAll, expect, test } from "vitest";
import { app, finished } from "../app.js";

const fake = useFakeFal();
let server;
let url;

beforeAll(async () => {
  server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${server.address().port}`;
});
afterAll(() => server.close());

const post = (path, body) =>
  fetch(url + path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });

test("writes a tagline", async () => {
  fake.on("fal-ai/any-llm", { prompt: contains("boat") }).text("Ship it.");
  const response = await post("/taglines", { product: "a boat" });
  expect(await response.json()).toEqual({ tagline: "Ship it." });
  fake.assertCalled("fal-ai/any-llm", { model: "openai/gpt-4o" }, { times: 1 });
});

test("says that the model failed", async () => {
  fake.on("fal-ai/any-llm").fail("runner_disconnected");
  expect((await post("/taglines", { product: "a boat" })).status).toBe(502);
});

test("hears of a finished poster", async () => {
  fake.on("fal-ai/flux/dev").kind("images").billableUnits(2);
  const { request_id } = await (await post("/posters", { prompt: "a boat" })).json();
  await fake.webhooks.wait(1);
  expect(finished.at(-1)).toMatchObject({ request_id, status: "OK" });
  expect(fake.spend.units).toBe(2);
});

test.concurrent.each(["one", "two", "three"])("tests at the same time do not mix: %s", async (answer) => {
  fake.on("fal-ai/any-llm").text(answer);
  const response = await post("/taglines", { product: "a boat" });
  expect(await response.json()).toEqual({ tagline: answer });
});
