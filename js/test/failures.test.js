import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { FakefalError, FakeFal, startFakeFal } from "fakefal";

let output;

beforeAll(async () => {
  const root = fileURLToPath(new URL("failing", import.meta.url));
  const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
  output = await new Promise((resolve) => {
    execFile(process.execPath, [vitest, "run", "--no-color", "--root", root], (_, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}, 60_000);

test("each failure says what is wrong, where, and what to do", () => {
  for (const text of [
    "1 call matched no exchange:",
    'input.prompt lacks "tagline", got "a slogan"',
    "failing.test.js:10",
    "failing.test.js:15: on(…) has no reply, so it answers nothing — add .text(…)",
    'did you mean "runner_disconnected"?',
    "failing.test.js:23 for fal-ai/any-llm answered no call",
    "expected at least one call of fal-ai/any-llm, got 0\njournal: empty",
    "fakefal: journal (instant clock):",
    "6 failed",
  ]) {
    expect(output).toContain(text);
  }
});

test("a server that has died", () => {
  const fake = new FakeFal("http://127.0.0.1:9", "fakefal:none");
  expect(() => fake.calls()).toThrow("the fakefal server at http://127.0.0.1:9 does not answer (ECONNREFUSED)");
});

test("a server that cannot be started", async () => {
  const url = process.env.FAKEFAL_URL;
  delete process.env.FAKEFAL_URL;
  try {
    const started = startFakeFal({ command: ["/nowhere/fakefal"] });
    await expect(started).rejects.toThrow("Tried:\n  - /nowhere/fakefal: spawn /nowhere/fakefal ENOENT");
  } finally {
    process.env.FAKEFAL_URL = url;
  }
});

test("an error of fakefal is an Error", () => {
  expect(new FakefalError("x")).toBeInstanceOf(Error);
});
