// The pauses of @fal-ai/client between polls and retries take no real time on an instant clock: they
// move the clock of the test, and end at once. They are told from other timers by the function that
// sets them: `poll` of queue.js, and `sleep` of utils.js, which only retries use. Timeouts of the client,
// and timers of all other code, are not changed; nor is anything on a manual or real clock.
import { fakeOfCall } from "./current.js";

const PATCHED = Symbol.for("fakefal.sleeps");
const FRAMES = 4;
// the second form is that of the client's source maps, which jest applies to stacks
const CALLER = /(?:@fal-ai[\\/+]client[^\n]*|libs[\\/]client[\\/]src)[\\/](queue|utils)\.[jt]s/;

/** Patch setTimeout of this realm: jest has one for each test file. */
export function patchClientSleeps(): void {
  const real = globalThis.setTimeout as typeof setTimeout & Record<symbol, unknown>;
  if (real[PATCHED]) return;
  const patched = new Proxy(real, {
    apply(target, self, args: [handler: (...args: unknown[]) => void, delay?: number, ...rest: unknown[]]) {
      const [handler, delay = 0, ...rest] = args;
      const fake = delay > 0 ? fakeOfCall() : undefined;
      if (fake?.clock.kind !== "instant" || !isClientSleep(handler)) return Reflect.apply(target, self, args);
      fake.clock.pass(delay / 1000);
      return Reflect.apply(target, self, [handler, 0, ...rest]);
    },
    get: (target, name) => (name === PATCHED ? true : Reflect.get(target, name)),
  });
  globalThis.setTimeout = patched;
}

function isClientSleep(handler: (...args: never[]) => unknown): boolean {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const frames = String(new Error("where").stack).split("\n").slice(1);
  Error.stackTraceLimit = limit;
  // the first frames are this function and the trap
  const match = CALLER.exec(frames.slice(2, 4).join("\n"));
  return match !== null && (match[1] === "utils" || handler.name === "poll");
}
