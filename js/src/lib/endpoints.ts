// Endpoint ids and inputs, from the types of @fal-ai/client where it is installed.
// @ts-ignore -- an optional package; without it the types are any
import type { InputType } from "@fal-ai/client";

/** An id that the client knows is suggested; any other text is an id or a pattern, too. */
export type EndpointId = string;

/** The input of an endpoint in part; each field may be a matcher. */
export type InputOf<Id extends string> = 0 extends 1 & InputType<Id> ? any : Matchable<InputType<Id>>;

type Matchable<Input> = Input extends object ? { [Field in keyof Input]?: any } & Record<string, any> : any;
