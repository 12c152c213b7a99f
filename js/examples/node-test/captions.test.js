import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fal } from "@fal-ai/client";
import { useFakeFal } from "fakefal/node-test";

const fake = useFakeFal();

test("a job waits for its runner", async () => {
  fake.on("fal-ai/any-llm").text("A cat.").timeline("IN_QUEUE", "IN_PROGRESS");
  const { data } = await fal.subscribe("fal-ai/any-llm", { input: { prompt: "caption" }, pollInterval: 1 });
  assert.equal(data.output, "A cat.");
  assert.deepEqual(fake.jobs.map((job) => job.state), ["completed"]);
});

test("a program that the test starts", () => {
  fake.on("fal-ai/any-llm").text("A dog.");
  const program = `import { fal } from "@fal-ai/client";
    console.log((await fal.run("fal-ai/any-llm", { input: { prompt: "caption" } })).data.output);`;
  const printed = execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  assert.equal(printed, "A dog.\n");
});
