"""Talks of the openai package with a fake, sync or async; prints one JSON document.

``python openai_client.py URL sync KEY``. Runs under the interpreter that has the package, and
imports nothing of ours.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import openai
from pydantic import BaseModel

URL, MODE, KEY = sys.argv[1:]
BASE = f"{URL}/fal.run/openrouter/router/openai/v1"
MODEL = "openai/gpt-4o"
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
}


class Person(BaseModel):
    name: str
    age: int


def connect(**more: Any) -> Any:
    make = openai.OpenAI if MODE == "sync" else openai.AsyncOpenAI
    given = {"default_headers": {"Authorization": f"Key {KEY}"}, "max_retries": 0, **more}
    return make(base_url=BASE, api_key="not used", **given)


async def got(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def each(stream: Any) -> AsyncIterator[Any]:
    if hasattr(stream, "__aiter__"):
        async for item in stream:
            yield item
    else:
        for item in stream:
            yield item


def messages_of(prompt: str, system: str | None = None) -> list[dict[str, Any]]:
    lines = [] if system is None else [{"role": "system", "content": system}]
    return [*lines, {"role": "user", "content": prompt}]


def chat_body(prompt: str, **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": messages_of(prompt), **more}


def counted(usage: Any) -> list[Any]:
    return [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens, usage.cost]


CLIENT = connect()
chat, responses, embeddings = CLIENT.chat.completions, CLIENT.responses, CLIENT.embeddings


async def plain() -> Any:
    answer = await got(chat.create(**chat_body("Write a tagline")))
    choice = answer.choices[0]
    return {
        "text": choice.message.content,
        "role": choice.message.role,
        "finish": choice.finish_reason,
        "usage": counted(answer.usage),
        "model": answer.model,
        "object": answer.object,
        "reasoning": choice.message.reasoning,
    }


async def streamed() -> Any:
    chunks = [it async for it in each(await got(chat.create(**chat_body("tagline"), stream=True)))]
    return {
        "pieces": [it.choices[0].delta.content for it in chunks if it.choices],
        "reasoning": [getattr(it.choices[0].delta, "reasoning", None) for it in chunks],
        "finish": [it.choices[0].finish_reason for it in chunks],
        "usage": counted(chunks[-1].usage),
        "ids": len({it.id for it in chunks}),
        "object": chunks[0].object,
    }


async def streamed_with_usage() -> Any:
    more = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = [it async for it in each(await got(chat.create(**chat_body("characters"), **more)))]
    *before, last = chunks
    return {
        "text": "".join(it.choices[0].delta.content or "" for it in before),
        "count": len(chunks),
        "choices": len(last.choices),
        "usage": counted(last.usage),
        "others": sum(it.usage is not None for it in before),
    }


async def costs() -> Any:
    body = {"model": "acme/large", "messages": messages_of("priced")}
    priced = await got(chat.create(**body))
    reports = await got(
        chat.create(model="google/gemini-2.5-flash", messages=messages_of("told usage"))
    )
    return [counted(priced.usage), counted(reports.usage)]


async def tools() -> Any:
    body = {"model": MODEL, "messages": messages_of("weather", "Paris"), "tools": [WEATHER]}
    first = (await got(chat.create(**body))).choices[0]
    calls = first.message.tool_calls
    answers = [{"role": "tool", "tool_call_id": it.id, "content": "sun"} for it in calls]
    messages = [*body["messages"], first.message.model_dump(exclude_none=True), *answers]
    second = (await got(chat.create(**{**body, "messages": messages}))).choices[0]
    return {
        "calls": [[it.id == "call_a", it.function.name, it.function.arguments] for it in calls],
        "finish": first.finish_reason,
        "content": first.message.content,
        "then": second.message.content,
    }


async def tools_streamed() -> Any:
    body = {"model": MODEL, "messages": messages_of("weather", "Paris"), "tools": [WEATHER]}
    deltas = []
    manager = chat.stream(**body)
    if MODE == "sync":
        with manager as stream:
            deltas = [it for it in stream if it.type == "tool_calls.function.arguments.delta"]
            final = stream.get_final_completion()
    else:
        async with manager as stream:
            async for it in stream:
                if it.type == "tool_calls.function.arguments.delta":
                    deltas.append(it)
            final = await stream.get_final_completion()
    await got(chat.create(**body))
    message = final.choices[0].message
    return {
        "calls": [[it.function.name, it.function.arguments] for it in message.tool_calls],
        "deltas": len(deltas),
        "role": message.role,
        "finish": final.choices[0].finish_reason,
    }


async def tool_demanded() -> Any:
    choice = {"type": "function", "function": {"name": "get_weather"}}
    body = chat_body("anything", tools=[WEATHER], tool_choice=choice)
    calls = (await got(chat.create(**body))).choices[0].message.tool_calls
    return sorted(json.loads(calls[0].function.arguments))


async def parsed() -> Any:
    answer = await got(chat.parse(**chat_body("person"), response_format=Person))
    made = await got(chat.parse(**chat_body("anything"), response_format=Person))
    person = answer.choices[0].message.parsed
    return [person.name, person.age, isinstance(made.choices[0].message.parsed, Person)]


async def choices() -> Any:
    scripted = await got(chat.create(**chat_body("tagline", n=2)))
    made = await got(chat.create(**chat_body("anything", n=3)))
    return {
        "scripted": [it.message.content for it in scripted.choices],
        "indices": [it.index for it in made.choices],
        "different": len({it.message.content for it in made.choices}),
    }


async def recorded() -> Any:
    answer = await got(chat.create(**chat_body("recorded")))
    chunks = [it async for it in each(await got(chat.create(**chat_body("recorded"), stream=True)))]
    other = await got(responses.create(model=MODEL, input="recorded"))
    return {
        "id": answer.id,
        "text": answer.choices[0].message.content,
        "streamed": "".join(it.choices[0].delta.content or "" for it in chunks),
        "usage": chunks[-1].usage.total_tokens,
        "responses": other.output_text,
    }


async def soft_error() -> Any:
    answer = await got(chat.create(**chat_body("soft error")))
    failed = await got(responses.create(model=MODEL, input="soft error"))
    return [answer.choices[0].finish_reason, failed.status, failed.error.message]


async def respond() -> Any:
    answer = await got(
        responses.create(model=MODEL, input="Write a tagline", instructions="Be short.")
    )
    return {
        "text": answer.output_text,
        "kinds": [it.type for it in answer.output],
        "status": answer.status,
        "usage": [answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.cost],
        "instructions": answer.instructions,
        "temperature": answer.temperature,
    }


async def respond_streamed() -> Any:
    stream = await got(responses.create(model=MODEL, input=messages_of("tagline"), stream=True))
    events = [it async for it in each(stream)]
    return {
        "types": [it.type for it in events],
        "numbers": [it.sequence_number for it in events] == list(range(len(events))),
        "text": "".join(it.delta for it in events if it.type == "response.output_text.delta"),
        "final": events[-1].response.output_text,
        "usage": events[-1].response.usage.output_tokens,
    }


async def respond_tools() -> Any:
    body = {"model": MODEL, "input": messages_of("weather"), "instructions": "Rome"}
    manager = responses.stream(**body)
    if MODE == "sync":
        with manager as stream:
            types = [it.type for it in stream]
            final = stream.get_final_response()
    else:
        async with manager as stream:
            types = [it.type async for it in stream]
            final = await stream.get_final_response()
    await got(responses.create(**body))
    return {
        "calls": [[it.name, it.arguments] for it in final.output],
        "done": types.count("response.function_call_arguments.done"),
        "last": types[-1],
    }


async def respond_parsed() -> Any:
    answer = await got(responses.parse(model=MODEL, input="person", text_format=Person))
    return [answer.output_parsed.name, answer.output_parsed.age]


async def embed() -> Any:
    model = "openai/text-embedding-3-small"
    in_base64 = await got(embeddings.create(model=model, input=["a cat", "a dog", "rocket"]))
    in_floats = await got(embeddings.create(model=model, input="a cat", encoding_format="float"))
    small = await got(embeddings.create(model=model, input="a cat", dimensions=8))
    scripted = await got(embeddings.create(model=model, input="scripted"))
    cat, dog, rocket = (it.embedding for it in in_base64.data)

    def alike(one: list[float], other: list[float]) -> float:
        return sum(a * b for a, b in zip(one, other, strict=True))

    return {
        "sizes": [len(cat), len(small.data[0].embedding)],
        "same": cat == in_floats.data[0].embedding,
        "unit": round(alike(cat, cat), 4),
        "nearer": alike(cat, dog) > alike(cat, rocket) + 0.2,
        "scripted": scripted.data[0].embedding,
        "first": [round(number, 6) for number in cat[:2]],
        "usage": [in_base64.usage.prompt_tokens, in_base64.usage.total_tokens],
    }


async def fails(make: Callable[[], Any]) -> list[Any]:
    """The class, status and type of the error that a call ends in; what came before it."""
    pieces = []
    try:
        answer = await got(make())
        if hasattr(answer, "response"):
            async for it in each(answer):
                text = it.choices[0].delta.content if hasattr(it, "choices") else it.type
                pieces.append(text)
    except Exception as error:
        body = getattr(error, "body", None)
        kind = body.get("type") if isinstance(body, dict) else None
        return [type(error).__name__, getattr(error, "status_code", None), kind, *pieces]
    return ["no error", None, None, *pieces]


async def errors() -> Any:
    found = {}
    statuses = ("400", "403", "409", "418", "422", "429", "500", "502", "503")
    for prompt in (*statuses, "nobody", "reset"):
        found[prompt] = await fails(lambda: chat.create(**chat_body(prompt)))  # noqa: B023
        streamed = await fails(lambda: chat.create(**chat_body(prompt), stream=True))  # noqa: B023
        assert streamed == found[prompt], (streamed, found[prompt])
    found["bad input"] = await fails(lambda: chat.create(model=MODEL, messages=[]))
    found["no such path"] = await fails(lambda: CLIENT.models.list())
    found["broken"] = await fails(lambda: chat.create(**chat_body("broken"), stream=True))
    found["unfinished"] = await fails(lambda: chat.create(**chat_body("unfinished"), stream=True))
    found["of responses"] = await fails(lambda: responses.create(model=MODEL, input="422"))
    found["of embeddings"] = await fails(lambda: embeddings.create(model=MODEL, input=[]))
    keyless = connect(default_headers={"Authorization": ""})
    found["no key"] = await fails(lambda: keyless.chat.completions.create(**chat_body("tagline")))
    hurried = connect(timeout=0.2)
    found["hang"] = await fails(lambda: hurried.chat.completions.create(**chat_body("hang")))
    return found


async def cut() -> Any:
    return await fails(lambda: chat.create(**chat_body("cut"), stream=True))


async def retried() -> Any:
    patient = connect(max_retries=2)
    return (
        (await got(patient.chat.completions.create(**chat_body("twice"))))
        .choices[0]
        .message.content
    )


async def as_bearer() -> Any:
    client = openai.OpenAI(base_url=BASE, api_key=KEY, max_retries=0)
    return client.chat.completions.create(**chat_body("tagline")).choices[0].message.content


FLOWS: list[Callable[[], Awaitable[Any]]] = [
    *(plain, streamed, streamed_with_usage, costs, tools, tools_streamed, tool_demanded, parsed),
    *(choices, recorded, soft_error, respond, respond_streamed, respond_tools, respond_parsed),
    *(embed, errors, cut, retried, as_bearer),
]


async def main() -> None:
    reports = {}
    for flow in FLOWS:
        try:
            reports[flow.__name__] = {"report": await flow()}
        except Exception:
            reports[flow.__name__] = {"crashed": traceback.format_exc()}
    sys.stdout.write(json.dumps(reports))


asyncio.run(main())
