"""A call of a metered language model, and what it asks for beside a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from fakefal.protocol.core.call import Call, Json
from fakefal.protocol.llm.completion import ResponseHead
from fakefal.protocol.llm.endpoints import LlmApi
from fakefal.protocol.llm.messages import messages_of
from fakefal.protocol.llm.openai import MAX_CHOICES
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.values.seeded import canonical_json

ANY_JSON: dict[str, Json] = {"type": "object", "properties": {"answer": {"type": "string"}}}
"""What is made where JSON is wanted and no schema is given."""


@dataclass(frozen=True, slots=True)
class LlmRequest:
    """A call of one of the endpoints, and all that its answer depends on."""

    llm_api: LlmApi
    call: Call
    settings: EffectiveSettings
    head: ResponseHead
    variables: dict[str, Any]

    @property
    def body(self) -> dict[str, Any]:
        """The input, if it is an object."""
        return self.call.input if isinstance(self.call.input, dict) else {}

    @property
    def seed_parts(self) -> tuple[str, ...]:
        """What generated answers follow from: the seed, the model and what was said to it.

        The endpoints share it, so that they give the same prompt the same text.
        """
        messages = [list(message) for message in messages_of(self.llm_api, self.body)]
        return (
            str(self.settings.seed),
            "openrouter/router",
            self.head.model,
            canonical_json(messages),
        )


class RequiredTool(NamedTuple):
    """A function that the model must call, and the schema of its arguments."""

    name: str
    parameters: Json


def requested_choices(llm_api: LlmApi, body: dict[str, Any]) -> int:
    """How many answers are asked for (``n``)."""
    count: Any = body.get("n") if llm_api == "chat" else 1
    is_count = isinstance(count, int) and not isinstance(count, bool) and count > 0
    return min(count, MAX_CHOICES) if is_count else 1


def is_reasoning_requested(llm_api: LlmApi, body: dict[str, Any]) -> bool | None:
    """Whether reasoning is to be shown; None if nothing is said about it.

    Source: inferred (OpenRouter's ``reasoning``, OpenAI's ``reasoning_effort``).
    """
    reasoning = body.get("reasoning")
    if body.get("include_reasoning") is False or (
        isinstance(reasoning, dict)
        and (reasoning.get("exclude") is True or reasoning.get("enabled") is False)
    ):
        return False
    effort = body.get("reasoning_effort") if llm_api == "chat" else None
    is_requested = bool(reasoning) or body.get("include_reasoning") is True or effort is not None
    if isinstance(reasoning, dict) and reasoning.get("effort") == "none":
        is_requested = False
    return True if is_requested and effort != "none" else None


def requested_schema(llm_api: LlmApi, body: dict[str, Any]) -> Json | None:
    """The schema of the JSON that the answer must be; None for plain text."""
    if llm_api == "chat":
        response_format = body.get("response_format")
        inner = response_format.get("json_schema") if isinstance(response_format, dict) else None
    else:
        text = body.get("text")
        response_format = text.get("format") if isinstance(text, dict) else None
        inner = response_format
    kind = response_format.get("type") if isinstance(response_format, dict) else None
    if kind == "json_object":
        return ANY_JSON
    if kind != "json_schema":
        return None
    schema = inner.get("schema") if isinstance(inner, dict) else None
    return schema if isinstance(schema, dict) else ANY_JSON


def required_tool(body: dict[str, Any]) -> RequiredTool | None:
    """The function that ``tool_choice`` demands: one by its name, or the first of all."""
    choice = body.get("tool_choice")
    tools = [tool for item in _as_list(body.get("tools")) if (tool := _tool(item)) is not None]
    if choice == "required":
        return tools[0] if tools else None
    if not isinstance(choice, dict):
        return None
    named = choice.get("function")
    name = named.get("name") if isinstance(named, dict) else choice.get("name")
    if not isinstance(name, str):
        return None
    return next((tool for tool in tools if tool.name == name), RequiredTool(name, {}))


def _tool(tool: Json) -> RequiredTool | None:
    """A tool of either API: nested under ``function``, or flat."""
    function = tool.get("function", tool) if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return None
    return RequiredTool(function["name"], function.get("parameters") or {"type": "object"})


def _as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
