// Talks of the openai package with a fake, those of drivers/openai_client.py; one JSON document.
//   node openai.mjs URL KEY-PREFIX
import { readFileSync } from "node:fs";

const [url, prefix] = process.argv.slice(2);
const baseURL = `${url}/fal.run/openrouter/router/openai/v1`;
const model = "openai/gpt-4o";
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    strict: true,
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, days: { type: "integer" } },
      required: ["city", "days"],
      additionalProperties: false,
    },
  },
};
const person = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
};

async function each(stream) {
  const found = [];
  for await (const item of stream) found.push(item);
  return found;
}

const messagesOf = (prompt, system) => [
  ...(system === undefined ? [] : [{ role: "system", content: system }]),
  { role: "user", content: prompt },
];
const asked = (prompt, more = {}) => ({ model, messages: messagesOf(prompt), ...more });
const counted = (it) => [it.prompt_tokens, it.completion_tokens, it.total_tokens, it.cost];
const joined = (chunks) => chunks.map((it) => it.choices[0]?.delta.content ?? "").join("");

function talksOf(OpenAI, key) {
  const connect = (more = {}) =>
    new OpenAI({
      baseURL,
      apiKey: "not used",
      defaultHeaders: { Authorization: `Key ${key}` },
      maxRetries: 0,
      ...more,
    });
  const client = connect();
  const { chat, responses, embeddings } = client;
  const ask = (body) => chat.completions.create(body);

  async function fails(make) {
    const pieces = [];
    try {
      const answer = await make();
      if (answer?.[Symbol.asyncIterator] && !answer.data)
        for await (const it of answer) pieces.push(it.choices[0].delta.content ?? null);
    } catch (error) {
      return [error.constructor.name, error.status ?? null, error.type ?? null, ...pieces];
    }
    return ["no error", null, null, ...pieces];
  }

  return {
    async plain() {
      const answer = await ask(asked("Write a tagline"));
      const [choice] = answer.choices;
      return {
        text: choice.message.content,
        role: choice.message.role,
        finish: choice.finish_reason,
        usage: counted(answer.usage),
        model: answer.model,
        object: answer.object,
        reasoning: choice.message.reasoning,
      };
    },
    async streamed() {
      const chunks = await each(await ask(asked("tagline", { stream: true })));
      return {
        pieces: chunks.map((it) => it.choices[0].delta.content ?? null),
        reasoning: chunks.map((it) => it.choices[0].delta.reasoning ?? null),
        finish: chunks.map((it) => it.choices[0].finish_reason),
        usage: counted(chunks.at(-1).usage),
        ids: new Set(chunks.map((it) => it.id)).size,
        object: chunks[0].object,
      };
    },
    async streamed_with_usage() {
      const more = { stream: true, stream_options: { include_usage: true } };
      const chunks = await each(await ask(asked("characters", more)));
      const before = chunks.slice(0, -1);
      return {
        text: joined(before),
        count: chunks.length,
        choices: chunks.at(-1).choices.length,
        usage: counted(chunks.at(-1).usage),
        others: before.filter((it) => it.usage !== null).length,
      };
    },
    async costs() {
      const priced = await ask({ model: "acme/large", messages: messagesOf("priced") });
      const report = await ask({ model: "google/gemini-2.5-flash", messages: messagesOf("told usage") });
      return [counted(priced.usage), counted(report.usage)];
    },
    async tools() {
      const body = { model, messages: messagesOf("weather", "Paris"), tools: [weather] };
      const [first] = (await ask(body)).choices;
      const calls = first.message.tool_calls;
      const answers = calls.map((it) => ({ role: "tool", tool_call_id: it.id, content: "sun" }));
      const messages = [...body.messages, first.message, ...answers];
      const [second] = (await ask({ ...body, messages })).choices;
      return {
        calls: calls.map((it) => [it.id === "call_a", it.function.name, it.function.arguments]),
        finish: first.finish_reason,
        content: first.message.content,
        then: second.message.content,
      };
    },
    async tools_streamed() {
      const body = { model, messages: messagesOf("weather", "Paris"), tools: [weather] };
      const stream = chat.completions.stream(body);
      let deltas = 0;
      stream.on("tool_calls.function.arguments.delta", () => (deltas += 1));
      const [choice] = (await stream.finalChatCompletion()).choices;
      await ask(body);
      return {
        calls: choice.message.tool_calls.map((it) => [it.function.name, it.function.arguments]),
        deltas,
        role: choice.message.role,
        finish: choice.finish_reason,
      };
    },
    async tool_demanded() {
      const tool_choice = { type: "function", function: { name: "get_weather" } };
      const answer = await ask(asked("anything", { tools: [weather], tool_choice }));
      const [call] = answer.choices[0].message.tool_calls;
      return Object.keys(JSON.parse(call.function.arguments)).sort();
    },
    async parsed() {
      const json_schema = { name: "person", strict: true, schema: person };
      const response_format = { type: "json_schema", json_schema };
      const answer = await chat.completions.parse(asked("person", { response_format }));
      const made = await ask(asked("anything", { response_format }));
      const found = answer.choices[0].message.parsed;
      const { name, age } = JSON.parse(made.choices[0].message.content);
      return [found.name, found.age, typeof name === "string" && Number.isInteger(age)];
    },
    async choices() {
      const scripted = await ask(asked("tagline", { n: 2 }));
      const made = await ask(asked("anything", { n: 3 }));
      return {
        scripted: scripted.choices.map((it) => it.message.content),
        indices: made.choices.map((it) => it.index),
        different: new Set(made.choices.map((it) => it.message.content)).size,
      };
    },
    async recorded() {
      const answer = await ask(asked("recorded"));
      const chunks = await each(await ask(asked("recorded", { stream: true })));
      const other = await responses.create({ model, input: "recorded" });
      return {
        id: answer.id,
        text: answer.choices[0].message.content,
        streamed: joined(chunks),
        usage: chunks.at(-1).usage.total_tokens,
        responses: other.output_text,
      };
    },
    async soft_error() {
      const answer = await ask(asked("soft error"));
      const failed = await responses.create({ model, input: "soft error" });
      return [answer.choices[0].finish_reason, failed.status, failed.error.message];
    },
    async respond() {
      const body = { model, input: "Write a tagline", instructions: "Be short." };
      const answer = await responses.create(body);
      return {
        text: answer.output_text,
        kinds: answer.output.map((it) => it.type),
        status: answer.status,
        usage: [answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.cost],
        instructions: answer.instructions,
        temperature: answer.temperature,
      };
    },
    async respond_streamed() {
      const body = { model, input: messagesOf("tagline"), stream: true };
      const events = await each(await responses.create(body));
      const deltas = events.filter((it) => it.type === "response.output_text.delta");
      const whole = events.at(-1).response;
      return {
        types: events.map((it) => it.type),
        numbers: events.every((it, index) => it.sequence_number === index),
        text: deltas.map((it) => it.delta).join(""),
        final: whole.output.at(-1).content[0].text,
        usage: whole.usage.output_tokens,
      };
    },
    async respond_tools() {
      const body = { model, input: messagesOf("weather"), instructions: "Rome" };
      const stream = responses.stream(body);
      const types = (await each(stream)).map((it) => it.type);
      const final = await stream.finalResponse();
      await responses.create(body);
      return {
        calls: final.output.map((it) => [it.name, it.arguments]),
        done: types.filter((it) => it === "response.function_call_arguments.done").length,
        last: types.at(-1),
      };
    },
    async respond_parsed() {
      const format = { type: "json_schema", name: "person", strict: true, schema: person };
      const answer = await responses.parse({ model, input: "person", text: { format } });
      return [answer.output_parsed.name, answer.output_parsed.age];
    },
    async embed() {
      const small3 = "openai/text-embedding-3-small";
      const embed = (input, more = {}) => embeddings.create({ model: small3, input, ...more });
      const inBase64 = await embed(["a cat", "a dog", "rocket"]);
      const inFloats = await embed("a cat", { encoding_format: "float" });
      const small = await embed("a cat", { dimensions: 8 });
      const scripted = await embed("scripted");
      const [cat, dog, rocket] = inBase64.data.map((it) => it.embedding);
      const alike = (one, other) => one.reduce((sum, number, i) => sum + number * other[i], 0);
      return {
        sizes: [cat.length, small.data[0].embedding.length],
        same: cat.every((number, i) => number === inFloats.data[0].embedding[i]),
        unit: Number(alike(cat, cat).toFixed(4)),
        nearer: alike(cat, dog) > alike(cat, rocket) + 0.2,
        scripted: scripted.data[0].embedding,
        first: cat.slice(0, 2).map((number) => Number(number.toFixed(6))),
        usage: [inBase64.usage.prompt_tokens, inBase64.usage.total_tokens],
      };
    },
    async errors() {
      const found = {};
      const prompts = ["400", "403", "409", "418", "422", "429", "500", "502", "503", "nobody"];
      for (const prompt of [...prompts, "reset"]) {
        found[prompt] = await fails(() => ask(asked(prompt)));
        const streamed = await fails(() => ask(asked(prompt, { stream: true })));
        if (JSON.stringify(streamed) !== JSON.stringify(found[prompt]))
          throw new Error(`${prompt}: ${streamed}`);
      }
      const of = (name, make) => fails(make).then((report) => (found[name] = report));
      await of("bad input", () => ask({ model, messages: [] }));
      await of("no such path", () => client.models.list());
      await of("broken", () => ask(asked("broken", { stream: true })));
      await of("unfinished", () => ask(asked("unfinished", { stream: true })));
      await of("of responses", () => responses.create({ model, input: "422" }));
      await of("of embeddings", () => embeddings.create({ model, input: [] }));
      const nobody = connect({ defaultHeaders: { Authorization: null } });
      await of("no key", () => nobody.chat.completions.create(asked("tagline")));
      const hurried = connect({ timeout: 200 });
      await of("hang", () => hurried.chat.completions.create(asked("hang")));
      return found;
    },
    cut: () => fails(() => ask(asked("cut", { stream: true }))),
    async retried() {
      const answer = await connect({ maxRetries: 2 }).chat.completions.create(asked("twice"));
      return answer.choices[0].message.content;
    },
    async as_bearer() {
      const client = new OpenAI({ baseURL, apiKey: key, maxRetries: 0 });
      return (await client.chat.completions.create(asked("tagline"))).choices[0].message.content;
    },
  };
}

const report = {};
for (const name of ["openai", "openai6"]) {
  const manifest = new URL(`node_modules/${name}/package.json`, import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, "utf8"));
  const talks = talksOf((await import(name)).default, `${prefix}-${version}:x`);
  report[version] = {};
  for (const [flow, hold] of Object.entries(talks)) {
    try {
      report[version][flow] = { report: await hold() };
    } catch (error) {
      report[version][flow] = { crashed: error.stack };
    }
  }
}
console.log(JSON.stringify(report));
