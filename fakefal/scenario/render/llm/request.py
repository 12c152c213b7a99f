"""A call of an LLM endpoint, and the options of its input that change the output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from fakefal.protocol.core.call import Call, Json
from fakefal.protocol.core.endpoints import LlmApi
from fakefal.protocol.llm.completion import ResponseHead
from fakefal.protocol.llm.messages import messages_of
from fakefal.protocol.llm.openai import MAX_CHOICES
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.values.seeded import canonical_json

ANY_JSON: dict[str, Json] = {"type": "object", "properties": {"answer": {"type": "string"}}}
"""The schema for ``json_object``, which has none."""


@dataclass(frozen=True, slots=True)
class LlmRequest:
    """A call of an LLM endpoint with everything that its outcome depends on."""

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
        """The seed of generated content: the scenario's seed, the model and the messages.

        It does not contain the endpoint, so all of them return the same text for a prompt.
        """
        messages = [list(message) for message in messages_of(self.llm_api, self.body)]
        return (
            str(self.settings.seed),
            "openrouter/router",
            self.head.model,
            canonical_json(messages),
        )


class RequiredTool(NamedTuple):
    """A function that the model must call; ``parameters`` is the schema of its arguments."""

    name: str
    parameters: Json


def requested_choices(llm_api: LlmApi, body: dict[str, Any]) -> int:
    """The number of choices (``n``), within the limits; only chat completions have it."""
    count: Any = body.get("n") if llm_api == "chat" else 1
    is_count = isinstance(count, int) and not isinstance(count, bool) and count > 0
    return min(count, MAX_CHOICES) if is_count else 1


def is_reasoning_requested(llm_api: LlmApi, body: dict[str, Any]) -> bool | None:
    """Whether the input requests reasoning or excludes it; None if it does neither.

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
    """The schema of the requested JSON; None for plain text."""
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
    """The function that ``tool_choice`` requires: the named one, or the first for ``required``."""
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
    """A tool as chat completions (nested under ``function``) or responses (flat) have it."""
    function = tool.get("function", tool) if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return None
    return RequiredTool(function["name"], function.get("parameters") or {"type": "object"})


def _as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
