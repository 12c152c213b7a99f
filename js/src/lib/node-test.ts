// useFakeFal() for node:test. Each test file is a process, with a server of its own unless the run
// has one: `fakefal run -- node --test`.
import { after, afterEach, before, beforeEach } from "node:test";
import { fakeOfTheTest } from "./current.js";
import type { FakeFal } from "./fake.js";
import { beginTest, endTest, enter, leave, serverOfProcess, type UseOptions } from "./use.js";

export * from "./index.js";

/** A fake for each test of the file (or of the `describe`). For concurrent tests use `withFake`. */
export function useFakeFal(options: UseOptions = {}): FakeFal {
  const fakes: FakeFal[] = [];
  before(async () => {
    await serverOfProcess(options);
  });
  beforeEach(async (context) => {
    const fake = await beginTest(process.argv[1] ?? "", (context as { name?: string }).name ?? "", options);
    fakes.push(fake);
    enter(fake);
  });
  afterEach(() => {
    const fake = fakes.pop();
    if (!fake) return;
    leave(fake);
    endTest(fake, options);
  });
  after(async () => {
    await (await serverOfProcess(options)).stop();
  });
  return fakeOfTheTest();
}
