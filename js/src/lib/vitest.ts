// useFakeFal() for vitest 4.1 and newer: it needs aroundEach.
import { aroundEach } from "vitest";
import { fakeOfTheTest, state } from "./current.js";
import type { FakeFal } from "./fake.js";
import { beginTest, endTest, enter, leave, type UseOptions } from "./use.js";

export * from "./index.js";

/** A fake for each test of the file (or of the `describe`); tests may run at the same time. */
export function useFakeFal(options: UseOptions = {}): FakeFal {
  aroundEach(async (runTest, { task }) => {
    const names = [task.name];
    for (let suite = task.suite; suite; suite = suite.suite) names.unshift(suite.name);
    const fake = await beginTest(`${task.file.projectName ?? ""}\n${task.file.name}`, names.join("\n"), options);
    enter(fake);
    try {
      await state.contexts.run(fake, async () => {
        await runTest();
        endTest(fake, options, { hasFailed: task.result?.state === "fail" });
      });
    } finally {
      leave(fake);
    }
  });
  return fakeOfTheTest();
}
