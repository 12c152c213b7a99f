// Tests that fail: test/failures.test.js reads what they say.
import { fal } from "@fal-ai/client";
import { contains, useFakeFal } from "fakefal/vitest";
import { expect, test } from "vitest";

const fake = useFakeFal({ unused: "error" });
const call = (prompt) => fal.run("fal-ai/any-llm", { input: { prompt } });

test("a miss", async () => {
  fake.on("fal-ai/any-llm", { prompt: contains("tagline") }).text("Ship it.");
  await call("a slogan").catch(() => {});
});

test("a stub without a reply", () => {
  fake.on("fal-ai/any-llm");
});

test("a mistake in a stub", () => {
  fake.on("fal-ai/any-llm").fail("runner_disconected");
});

test("a forgotten await", () => {
  fake.on("fal-ai/any-llm").text("Ship it.");
  call("x").catch(() => {});
});

test("an assertion", () => {
  fake.assertCalled("fal-ai/any-llm");
});

test("a test that fails shows the journal", async () => {
  fake.on("fal-ai/any-llm").text("Ship it.");
  expect((await call("x")).data.output).toBe("Sink it.");
});
