// useFakeFal() for jest, with its global hooks.
import { fakeOfTheTest } from "./current.js";
import type { FakeFal } from "./fake.js";
import { beginTest, endTest, enter, leave, type UseOptions } from "./use.js";

export * from "./index.js";

type Hook = (test: () => unknown) => void;
interface JestGlobals {
  beforeEach: Hook;
  afterEach: Hook;
  expect: { getState(): { currentTestName?: string; testPath?: string } };
}

/** A fake for each test of the file (or of the `describe`). For test.concurrent use `withFake`. */
export function useFakeFal(options: UseOptions = {}): FakeFal {
  const { beforeEach, afterEach, expect } = globalThis as unknown as JestGlobals;
  let fake: FakeFal | undefined;
  beforeEach(async () => {
    const { currentTestName = "", testPath = "" } = expect.getState();
    fake = await beginTest(testPath, currentTestName, options);
    enter(fake);
  });
  afterEach(() => {
    const ended = fake;
    fake = undefined;
    if (!ended) return;
    leave(ended);
    endTest(ended, options);
  });
  return fakeOfTheTest();
}
