// The life of a fake: one for each test, with the checks at its end.
import { createHash } from "node:crypto";
import { FakefalError } from "./control.js";
import { isRedirected, state } from "./current.js";
import { type ClockKind, FakeFal } from "./fake.js";
import { patchClientSleeps } from "./sleeps.js";
import { type FakeFalServer, redirectProcess, type StartOptions, startFakeFal } from "./server.js";

export type Severity = "error" | "warn" | "ignore";

export interface UseOptions extends StartOptions {
  clock?: ClockKind;
  /** Calls that matched no exchange. Default: error. */
  misses?: Severity;
  /** Exchanges and replies that no call used. Default: warn. */
  unused?: Severity;
  /** Results that were billed and never fetched. Default: warn. */
  uncollected?: Severity;
  /** Webhooks that no receiver accepted. Default: warn. */
  undelivered?: Severity;
  /** Webhooks to a target that is neither local nor allowed. Default: warn. */
  refused?: Severity;
}

const HEADINGS = {
  unused: "exchanges were not used",
  uncollected: "results were paid for and not fetched",
  undelivered: "webhooks were not delivered",
  refused: "webhooks were blocked: their target is neither local nor allowed",
} as const;

let server: Promise<FakeFalServer> | undefined;

/** The server of this process: that of the run, or one that is started now. */
export function serverOfProcess(options: StartOptions = {}): Promise<FakeFalServer> {
  server ??= prepare(options);
  return server;
}

async function prepare(options: StartOptions): Promise<FakeFalServer> {
  if (!isRedirected() && process.env.JEST_WORKER_ID !== undefined) {
    throw new FakefalError(
      'calls of jest\'s test files are not redirected — add globalSetup: "fakefal/jest-setup" to jest.config.js: ' +
        "jest runs test files in contexts of their own, which only the setup of the run can prepare",
    );
  }
  const started = await startFakeFal(options);
  if (!isRedirected()) redirectProcess(started);
  return started;
}

const counts = new Map<string, number>();

/** The key of a test: the same in each run. Tests of the same name in a file are numbered. */
export function keyOf(file: string, name: string): string {
  const text = `${file}\n${name}`;
  const count = (counts.get(text) ?? 0) + 1;
  counts.set(text, count);
  return `fakefal:test-${createHash("sha256").update(`${text}\n${count}`).digest("hex").slice(0, 20)}`;
}

/** Make the fake of a test, empty. */
export async function beginTest(file: string, name: string, options: UseOptions): Promise<FakeFal> {
  const { url, token } = await serverOfProcess(options);
  const fake = new FakeFal(url, keyOf(file, name), token);
  fake.reset(options.clock);
  patchClientSleeps();
  return fake;
}

/** Throw FakefalError with the findings that are errors; print the others. */
export function endTest(fake: FakeFal, options: UseOptions, { hasFailed = false } = {}): void {
  const report = fake.report();
  const errors: string[] = [];
  const warnings: string[] = [];
  const add = (severity: Severity, text: string) => {
    if (severity === "error") errors.push(text);
    if (severity === "warn") warnings.push(text);
  };
  if (report.misses) add(options.misses ?? "error", report.misses);
  if (!hasFailed) {
    errors.push(...fake.withoutReply());
    for (const name of Object.keys(HEADINGS) as Array<keyof typeof HEADINGS>) {
      const lines = report[name];
      if (lines.length) add(options[name] ?? "warn", [`${HEADINGS[name]}:`, ...lines.map((line) => `  ${line}`)].join("\n"));
    }
  }
  if (warnings.length) process.emitWarning(warnings.join("\n"), "FakefalWarning");
  if (errors.length || hasFailed) {
    const text = [...errors, report.timeline, report.clock].filter(Boolean).join("\n\n");
    if (!errors.length) process.stderr.write(`fakefal: ${text}\n`);
    else throw withoutStack(new FakefalError(text));
  }
}

/** The stack of the hook would only show this package. */
function withoutStack(error: Error): Error {
  error.stack = `${error.name}: ${error.message}`;
  return error;
}

/** A test with a fake of its own, for tests that run at the same time. */
export function withFake(test: (fake: FakeFal) => unknown, options: UseOptions = {}): () => Promise<void> {
  return async () => {
    const fake = await beginTest("withFake", test.toString(), options);
    enter(fake);
    try {
      await state.contexts.run(fake, async () => {
        await test(fake);
        endTest(fake, options);
      });
    } finally {
      leave(fake);
    }
  };
}

/** Make a fake the one of all calls of this process, until `leave`. */
export function enter(fake: FakeFal): void {
  state.active.push(fake);
  process.env.FAL_KEY = fake.key;
}

export function leave(fake: FakeFal): void {
  const index = state.active.indexOf(fake);
  if (index >= 0) state.active.splice(index, 1);
}
