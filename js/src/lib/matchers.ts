// Matchers of values, with the names of the Python package in JavaScript's spelling.
const JSON_FORM = Symbol("fakefal.matcher");

export interface Matcher {
  [JSON_FORM]: Record<string, unknown>;
}

const make = (form: Record<string, unknown>): Matcher => ({ [JSON_FORM]: form });

/** A text that contains the needle, or a list with an entry that matches it. */
export const contains = (needle: unknown): Matcher => make({ $contains: toJson(needle) });
/** A text in which the expression occurs; Python's syntax, flags are not supported but `i`. */
export const regex = (expression: string | RegExp): Matcher => make({ $regex: sourceOf(expression) });
/** Any value, also null; not a field that is absent. */
export const anything = (): Matcher => make({ $absent: false });
export const allOf = (...patterns: unknown[]): Matcher => make({ $all: patterns.map(toJson) });
export const anyOf = (...patterns: unknown[]): Matcher => make({ $any: patterns.map(toJson) });
export const moreThan = (number: number): Matcher => make({ $gt: number });
export const lessThan = (number: number): Matcher => make({ $lt: number });
export const absent = (): Matcher => make({ $absent: true });

function sourceOf(expression: string | RegExp): string {
  if (typeof expression === "string") return expression;
  const other = expression.flags.replace(/[giu]/g, "");
  if (other) throw new Error(`regex(${expression}): the flag ${other} is not supported — i is the only one`);
  return expression.flags.includes("i") ? `(?i)${expression.source}` : expression.source;
}

/** Replace matchers at any depth by their form in a file. */
export function toJson(value: unknown): unknown {
  if (value instanceof RegExp) return toJson(regex(value));
  if (typeof value === "function") {
    throw new TypeError("functions cannot match or reply: the server is another process — use matchers and templates");
  }
  if (Array.isArray(value)) return value.map(toJson);
  if (value === null || typeof value !== "object") return value;
  if (JSON_FORM in value) return (value as Matcher)[JSON_FORM];
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toJson(inner)]));
}
