// fake.on(…): an exchange under construction; each method takes effect at once.
import { toJson } from "./matchers.js";

type Json = unknown;
type Fields = Record<string, Json>;
export type Step = "IN_QUEUE" | "IN_PROGRESS" | Fields;

export class ExchangeBuilder {
  private replies: Fields[] = [{}];
  private fields: Fields = {};
  /** Whether a method has said what the call gets. */
  hasReply = false;

  constructor(
    private readonly when: Fields,
    private readonly publish: (exchange: Fields) => void,
    /** Where `on` was called: `poster.test.ts:12`. */
    readonly location: string,
  ) {}

  /** A language model's output; calls that ask for reasoning get `reasoning` too. */
  text(text: string, options: { reasoning?: string } = {}): this {
    return this.set({ text, ...options });
  }

  /** Any JSON as the model's output. */
  output(output: Json): this {
    return this.set({ output });
  }

  /** A tool call of an OpenAI-compatible endpoint; each call of this method adds one. */
  toolCall(name: string, args: Json = {}): this {
    const before = (this.lastReply.tool_calls as Json[] | undefined) ?? [];
    return this.set({ tool_calls: [...before, { name, arguments: args }] });
  }

  /** A common kind of output: images, image, video, audio, mesh, text or chunks. */
  kind(kind: string): this {
    return this.set({ kind });
  }

  /** A failure: a name of the catalogue (`fakefal presets`), or its fields. */
  fail(failure: string | Fields): this {
    return this.set({ fail: failure });
  }

  /** An upstream failure inside a 200 response. */
  softError(error: string, text = ""): this {
    return this.set({ error, text });
  }

  /** A language model that stops early: a stream without its last event. */
  partial(text: string): this {
    return this.set({ text, stream: { ...(this.lastReply.stream as Fields | undefined), final: false } });
  }

  /** Predefined situations, by name. */
  preset(...names: string[]): this {
    return this.set({ preset: names });
  }

  /** The steps of the queue: `"IN_QUEUE"`, `{ IN_PROGRESS: { for: "2s" } }`. */
  timeline(...steps: Step[]): this {
    return this.set({ timeline: steps });
  }

  /** How a stream is split and paced: its pieces, or `{ by: "char", every: "1s" }`. */
  stream(...chunks: Array<string | Fields>): this {
    const texts = chunks.filter((chunk) => typeof chunk === "string");
    const settings = Object.assign({}, ...chunks.filter((chunk) => typeof chunk !== "string"));
    return this.set({ stream: texts.length ? { ...settings, chunks: texts } : settings });
  }

  /** What is wrong with the files of the output: expired, missing, forbidden, truncated. */
  media(how: string): this {
    return this.set({ media: { how } });
  }

  /** How the webhook of the call behaves: "lost", "twice", `{ after: "1s" }`. */
  webhook(how: string | Fields): this {
    return this.set({ webhook: how });
  }

  /** Faults by operation, one for each request: `{ submit: ["nginx-502 x2"] }`. */
  faults(operations: Fields): this {
    return this.set({ faults: operations });
  }

  headers(headers: Record<string, string>): this {
    return this.set({ headers });
  }

  billableUnits(units: number): this {
    return this.set({ billable_units: units });
  }

  inferenceTime(duration: string | number): this {
    return this.set({ inference_time: duration });
  }

  /** What a cancel does: ignored, accepted or too-late. */
  cancel(answer: "ignored" | "accepted" | "too-late"): this {
    return this.set({ cancel: answer });
  }

  /** How often the request returns to the queue. */
  retries(times = 1, after?: string): this {
    return this.set({ retries: after === undefined ? { times } : { times, after } });
  }

  /** The frames that a WebSocket sends, in order. */
  frames(...frames: Fields[]): this {
    return this.set({ frames });
  }

  /** Any fields of a reply, as in a scenario file. */
  reply(fields: Fields): this {
    if (typeof fields === "function") {
      throw new TypeError("reply takes the fields of a reply: functions are not supported from JavaScript");
    }
    return this.set(fields);
  }

  /** Starts the reply to the next call. */
  get then(): this & object {
    this.replies.push({});
    // An `await` before the builder reads `then` too, and would leave an empty reply.
    return this;
  }

  /** Answers this many calls, then no more. */
  times(count: number): this {
    return this.setField("times", count);
  }

  /** Starts over after the last reply, instead of repeating it. */
  cycle(): this {
    return this.setField("then", "cycle");
  }

  /** Uses each reply once, then answers no more. */
  once(): this {
    return this.setField("then", "miss");
  }

  private get lastReply(): Fields {
    return this.replies.at(-1)!;
  }

  private set(fields: Fields): this {
    this.hasReply = true; // also if the reply is refused: that error is enough
    const before = this.lastReply;
    this.replies[this.replies.length - 1] = { ...before, ...(toJson(fields) as Fields) };
    return this.send();
  }

  private setField(name: string, value: Json): this {
    this.hasReply = true;
    this.fields[name] = value;
    return this.send();
  }

  private send(): this {
    this.publish({ when: this.when, replies: this.replies, ...this.fields });
    return this;
  }
}
