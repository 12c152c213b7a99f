// The typed client of the control API; its routes and types are generated from the API's description.
import { ROUTES, type Routes, type Schemas } from "./generated.js";
import { requestSync } from "./sync.js";

export type { Routes, Schemas };

export interface RequestParts<Name extends keyof Routes> {
  query?: Routes[Name]["query"];
  body?: Routes[Name]["body"];
  /** Parameters of the path. */
  path?: Record<string, string | number>;
}

/** An error of fakefal, in words for the person who wrote the test. */
export class FakefalError extends Error {
  override name = "FakefalError";
}

export class ControlClient {
  constructor(
    readonly url: string,
    readonly key: string,
    private readonly token: string | null = null,
  ) {}

  /** Send a request and return its JSON; throws FakefalError. */
  call<Name extends keyof Routes>(name: Name, parts: RequestParts<Name> = {}): Routes[Name]["result"] {
    const [method, template] = ROUTES[name];
    const path = template.replace(/\{(\w+)\}/g, (_, part: string) => encodeURIComponent(parts.path?.[part] ?? ""));
    const query = Object.entries(parts.query ?? {}).filter(([, value]) => value !== undefined);
    const search = query.length ? `?${new URLSearchParams(query.map(([key, value]): [string, string] => [key, String(value)]))}` : "";
    const headers: Record<string, string> = { "x-fakefal-key": this.key, "content-type": "application/json" };
    if (this.token) headers["x-fakefal-token"] = this.token;
    const body = parts.body === undefined ? undefined : JSON.stringify(parts.body);
    const { status, text } = requestSync(method, `${this.url}${path}${search}`, headers, body);
    if (status === 0) {
      throw new FakefalError(
        `the fakefal server at ${this.url} does not answer (${text}) — it was stopped or has died: ` +
          "run the tests again; if it happens again, start `fakefal serve` in a terminal and set FAKEFAL_URL, to see why",
      );
    }
    const value: unknown = text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text;
    if (status >= 400) throw new FakefalError((value as { detail?: string }).detail ?? `status ${status}: ${text}`);
    return value as Routes[Name]["result"];
  }
}
