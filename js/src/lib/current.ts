// Which fake the calls of this process belong to: that of the running test.
import { AsyncLocalStorage } from "node:async_hooks";
import http from "node:http";
import { FakefalError } from "./control.js";
import type { FakeFal } from "./fake.js";

interface State {
  /** The fake of the async context, for tests that run at the same time. */
  contexts: AsyncLocalStorage<FakeFal>;
  /** The fakes of tests without such a context; more than one: which is meant is unknown. */
  active: FakeFal[];
}

// On a module of Node, as jest has a global object for each test file, and as ESM and CommonJS may
// both load this package.
const STATE = Symbol.for("fakefal.state");
const CURRENT = Symbol.for("fakefal.currentKey");
const REQUESTS = Symbol.for("fakefal.requests");
const PRELOAD = Symbol.for("fakefal.preload");
const shared = http as unknown as Record<symbol, unknown>;

export const state: State = ((shared[STATE] as State | undefined) ??= makeState());

function makeState(): State {
  const made: State = { contexts: new AsyncLocalStorage<FakeFal>(), active: [] };
  shared[STATE] = made;
  shared[CURRENT] = () => (made.contexts.getStore() ?? onlyOne(made.active))?.key;
  return made;
}

function onlyOne(fakes: FakeFal[]): FakeFal | undefined {
  return fakes.length === 1 ? fakes[0] : undefined;
}

/** The fake that a call made now belongs to: also in a server of this process that a test called. */
export function fakeOfCall(): FakeFal | undefined {
  const key = (shared[REQUESTS] as AsyncLocalStorage<string> | undefined)?.getStore();
  if (key !== undefined) return state.active.find((fake) => fake.key === key);
  return state.contexts.getStore() ?? onlyOne(state.active);
}

/** Whether calls of this process are redirected. */
export function isRedirected(): boolean {
  return shared[PRELOAD] !== undefined;
}

/** The fake of the running test; throws FakefalError outside tests. */
export function currentFake(): FakeFal {
  const own = state.contexts.getStore();
  if (own) return own;
  if (state.active.length > 1) {
    throw new FakefalError(
      "several tests run at the same time, so which fake is meant is unknown — wrap each: " +
        'test.concurrent("…", withFake(async (fake) => { … }))',
    );
  }
  const [fake] = state.active;
  if (!fake) throw new FakefalError("no test is running — use the fake inside a test or in beforeEach");
  return fake;
}

/** An object that stands for the fake of the running test. */
export function fakeOfTheTest(): FakeFal {
  return new Proxy({} as FakeFal, {
    get(_, name) {
      if (typeof name === "symbol" || name === "then" || name === "toJSON") return undefined;
      const fake = currentFake();
      const value = Reflect.get(fake, name) as unknown;
      return typeof value === "function" ? value.bind(fake) : value;
    },
  });
}
