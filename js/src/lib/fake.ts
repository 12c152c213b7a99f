// The fake of one test: what it answers, and what happened.
import { isDeepStrictEqual } from "node:util";
import { ControlClient, FakefalError, type Schemas } from "./control.js";
import { ExchangeBuilder } from "./exchange.js";
import { callerLocation } from "./location.js";
import { toJson } from "./matchers.js";
import type { EndpointId, InputOf } from "./endpoints.js";
import { environment } from "./server.js";

type Fields = Record<string, unknown>;
export type ClockKind = "instant" | "manual" | "real";
const WAIT_SECONDS = 5;
const PAUSE_MS = 5;
const realSetTimeout = globalThis.setTimeout;

export interface OnOptions {
  /** In which way the call is made: queue, run, stream, realtime. */
  via?: string | string[];
  headers?: Fields;
}

/** A call that was received. */
export interface Call {
  endpoint: string;
  via: string;
  input: any;
  request_id: string;
  status: number;
  headers: Record<string, string>;
}

/** The clock of the test. */
export class FakeClock {
  kind: ClockKind = "instant";

  constructor(private readonly control: ControlClient) {}

  /** Seconds since 1970. */
  get now(): number {
    return this.control.call("show_clock").now;
  }

  get iso(): string {
    return this.control.call("show_clock").iso;
  }

  /** Move the server's clock only, by seconds. */
  pass(by: string | number): void {
    this.control.call("advance_clock", { body: { by } as Schemas["AdvanceBody"] });
  }

  /** Move it: `advance("90s")`, and fake timers of vitest or jest with it. */
  async advance(by: string | number): Promise<void> {
    const before = this.now;
    this.pass(by);
    const timers = (globalThis.setTimeout as unknown as { clock?: { tickAsync?(ms: number): Promise<unknown> } }).clock;
    await timers?.tickAsync?.(Math.round((this.now - before) * 1000));
  }
}

/** The webhooks of the test. */
export class FakeWebhooks {
  constructor(private readonly control: ControlClient) {}

  get all(): Schemas["Delivery"][] {
    return this.control.call("list_webhooks");
  }

  get delivered(): Schemas["Delivery"][] {
    return this.all.filter((delivery) => delivery.state === "delivered");
  }

  /** Wait, in real time, until so many were accepted by their receivers. */
  async wait(count = 1, { timeout = WAIT_SECONDS }: { timeout?: number } = {}): Promise<Schemas["Delivery"][]> {
    for (const end = performance.now() + timeout * 1000; performance.now() < end; ) {
      const { delivered } = this;
      if (delivered.length >= count) return delivered;
      await new Promise((resolve) => realSetTimeout(resolve, PAUSE_MS));
    }
    const states = this.all.map((delivery) => `  ${delivery.request_id} to ${delivery.url}: ${delivery.state} ${delivery.why}`);
    const clock = this.control.call("show_report").clock;
    const what = [`${this.delivered.length} of ${count} webhooks were delivered within ${timeout} s`, ...states, clock];
    throw new FakefalError(what.filter(Boolean).join("\n"));
  }

  /** Send one again, or all that failed. */
  redeliver(requestId?: string): void {
    this.control.call("redeliver_webhooks", { body: requestId ? { request_id: requestId } : {} });
  }
}

export class FakeFal {
  readonly clock: FakeClock;
  readonly webhooks: FakeWebhooks;
  private readonly control: ControlClient;
  private readonly builders: ExchangeBuilder[] = [];
  private knownMisses = 0;

  constructor(
    /** Where the server listens. */
    readonly url: string,
    /** The key of this test, in place of that of the code under test. */
    readonly key: string,
    token: string | null = null,
  ) {
    this.control = new ControlClient(url, key, token);
    this.clock = new FakeClock(this.control);
    this.webhooks = new FakeWebhooks(this.control);
  }

  /** Start anew: no jobs, calls and exchanges. */
  reset(clock: ClockKind = "instant"): void {
    this.builders.length = 0;
    this.knownMisses = 0;
    this.clock.kind = clock;
    this.control.call("reset", { body: { clock } });
    const scenario = { fakefal: 1, options: { default_timeline: "none" }, exchanges: [] };
    this.control.call("replace_scenarios", { body: scenario as unknown as Schemas["Scenario"] });
  }

  /** Begin an exchange for the calls that match: `on("fal-ai/any-llm", { prompt: contains("x") })`. */
  on<Id extends EndpointId>(endpoint?: Id | Id[], input?: InputOf<Id>, options: OnOptions = {}): ExchangeBuilder {
    const when: Fields = {};
    if (endpoint !== undefined) when.endpoint = endpoint;
    if (input !== undefined) when.input = toJson(input);
    if (options.via !== undefined) when.via = options.via;
    if (options.headers !== undefined) when.headers = toJson(options.headers);
    const location = callerLocation();
    let position: number | undefined;
    const builder = new ExchangeBuilder(
      when,
      (exchange) => {
        const body = exchange as unknown as Schemas["Exchange"];
        const path = { index: position ?? Number.MAX_SAFE_INTEGER };
        position = this.control.call("put_exchange", { path, body, query: { location } }).index;
      },
      location || "on(…)",
    );
    this.builders.push(builder);
    return builder;
  }

  /** Add a scenario in the format of a file: an object, or text in YAML. */
  load(scenario: Fields): void {
    const body = { fakefal: 1, ...scenario } as unknown as Schemas["Scenario"];
    const file = callerLocation() || "load(…)";
    this.control.call("append_scenarios", { body, query: { file } });
  }

  /** Options of the scenario format: `options({ subpath: "refuse-405" })`. */
  options(flags: Fields): void {
    this.load({ options: flags });
  }

  /** Faults of all calls, by operation: `faults({ upload: "503" })`. */
  faults(operations: Fields): void {
    this.load({ faults: operations });
  }

  /** The state of the account: `account("exhausted-balance")`. */
  account(state: string | Fields): void {
    this.load({ account: typeof state === "string" ? { state } : state });
  }

  /** Random faults, repeatable by seed: `chaos({ rate: 0.1, faults: ["reset"], seed: 3 })`. */
  chaos(settings: Fields): void {
    this.load({ chaos: settings });
  }

  /** The calls, oldest first; with arguments only those that match. */
  calls(endpoint?: string, input?: Fields): Call[] {
    const query = { kind: "call", ...(endpoint === undefined ? {} : { endpoint }) } as never;
    const calls = this.control.call("list_entries", { query }) as unknown as Call[];
    return input === undefined ? calls : calls.filter((call) => includes(call.input, input));
  }

  /** Throw unless there were such calls; returns them. */
  assertCalled(endpoint?: string, input?: Fields, { times }: { times?: number } = {}): Call[] {
    const calls = this.calls(endpoint, input);
    if (times === undefined ? calls.length : calls.length === times) return calls;
    const expected = times === undefined ? "at least one call" : `${times} call${times === 1 ? "" : "s"}`;
    const what = [endpoint, input && JSON.stringify(input)].filter(Boolean).join(" with ");
    throw new FakefalError(`expected ${expected}${what && ` of ${what}`}, got ${calls.length}\n${this.story()}`);
  }

  assertNotCalled(endpoint?: string, input?: Fields): void {
    this.assertCalled(endpoint, input, { times: 0 });
  }

  /** The queue requests, each with its state. */
  get jobs(): Schemas["Job"][] {
    return this.control.call("list_jobs");
  }

  /** The calls that fal would bill. */
  get spend(): { units: number; calls: Schemas["SpendRow"][]; uncollected: Schemas["SpendRow"][] } {
    const calls = this.report().billed;
    const units = calls.reduce((sum, call) => sum + call.units, 0);
    return { units, calls, uncollected: calls.filter((call) => !call.is_collected) };
  }

  /** The journal as text. */
  story(): string {
    return this.report().timeline;
  }

  /** The calls that matched no exchange, each with the nearest exchanges. */
  get misses(): string[] {
    return this.control.call("list_misses").map(String);
  }

  /** The text of the new misses, which no longer fail the test. */
  popMisses(): string {
    const { misses, miss_count: count } = this.report();
    this.knownMisses = count;
    return misses;
  }

  /** What the end of a test looks at. */
  report(): Schemas["Report"] {
    return this.control.call("show_report", { query: { known_misses: this.knownMisses } });
  }

  /** Each `on` without a reply. */
  withoutReply(): string[] {
    return this.builders
      .filter((builder) => !builder.hasReply)
      .map((builder) => `${builder.location}: on(…) has no reply, so it answers nothing — add .text(…), .output(…) or .fail(…)`);
  }

  /** The base URL of one of fal's hosts, such as `queue.fal.run`, for code with a configurable one. */
  baseUrl(host: string): string {
    return `${this.url}/${host}`;
  }

  /** The environment of a Node program that the test starts. */
  environment(): Record<string, string> {
    return environment(this.url, this.key);
  }
}

/** Whether a value has all fields of a pattern, at any depth. */
function includes(value: unknown, pattern: unknown): boolean {
  if (pattern === null || typeof pattern !== "object" || Array.isArray(pattern)) return isDeepStrictEqual(value, pattern);
  if (value === null || typeof value !== "object") return false;
  return Object.entries(pattern).every(([key, inner]) => includes((value as Fields)[key], inner));
}
