"""A call of a metered language model, and what it asks for beside a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from fakefal.protocol.core.call import Call, Json
from fakefal.protocol.llm.completion import Head
from fakefal.protocol.llm.endpoints import Variant
from fakefal.protocol.llm.messages import conversation_of
from fakefal.protocol.llm.openai import MAX_CHOICES
from fakefal.scenario.compiled.settings import Terms
from fakefal.scenario.values.seeded import canonical

ANY_JSON: dict[str, Json] = {"type": "object", "properties": {"answer": {"type": "string"}}}
"""What is made where JSON is wanted and no schema is given."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A call of one of the endpoints, and all that its answer depends on."""

    variant: Variant
    call: Call
    terms: Terms
    head: Head
    variables: dict[str, Any]

    @property
    def body(self) -> dict[str, Any]:
        """The input, if it is an object."""
        return self.call.input if isinstance(self.call.input, dict) else {}

    @property
    def about(self) -> tuple[str, ...]:
        """What generated answers follow from: the seed, the model and what was said to it.

        The endpoints share it, so that they give the same prompt the same text.
        """
        said = [list(line) for line in conversation_of(self.variant, self.body)]
        return (str(self.terms.seed), "openrouter/router", self.head.model, canonical(said))


class WantedTool(NamedTuple):
    """A function that the model must call, and the schema of its arguments."""

    name: str
    parameters: Json


def wanted_choices(variant: Variant, body: dict[str, Any]) -> int:
    """How many answers are asked for (``n``)."""
    count: Any = body.get("n") if variant == "chat" else 1
    is_count = isinstance(count, int) and not isinstance(count, bool) and count > 0
    return min(count, MAX_CHOICES) if is_count else 1


def wants_reasoning(variant: Variant, body: dict[str, Any]) -> bool | None:
    """Whether reasoning is to be shown; None if nothing is said about it.

    Source: inferred (OpenRouter's ``reasoning``, OpenAI's ``reasoning_effort``).
    """
    wish = body.get("reasoning")
    if body.get("include_reasoning") is False or (
        isinstance(wish, dict) and (wish.get("exclude") is True or wish.get("enabled") is False)
    ):
        return False
    effort = body.get("reasoning_effort") if variant == "chat" else None
    is_asked = bool(wish) or body.get("include_reasoning") is True or effort is not None
    if isinstance(wish, dict) and wish.get("effort") == "none":
        is_asked = False
    return True if is_asked and effort != "none" else None


def wanted_json(variant: Variant, body: dict[str, Any]) -> Json | None:
    """The schema of the JSON that the answer must be; None for plain text."""
    if variant == "chat":
        wish = body.get("response_format")
        inner = wish.get("json_schema") if isinstance(wish, dict) else None
    else:
        text = body.get("text")
        wish = text.get("format") if isinstance(text, dict) else None
        inner = wish
    kind = wish.get("type") if isinstance(wish, dict) else None
    if kind == "json_object":
        return ANY_JSON
    if kind != "json_schema":
        return None
    schema = inner.get("schema") if isinstance(inner, dict) else None
    return schema if isinstance(schema, dict) else ANY_JSON


def wanted_tool(body: dict[str, Any]) -> WantedTool | None:
    """The function that ``tool_choice`` demands: one by its name, or the first of all."""
    choice = body.get("tool_choice")
    tools = [tool for it in _list(body.get("tools")) if (tool := _tool(it)) is not None]
    if choice == "required":
        return tools[0] if tools else None
    if not isinstance(choice, dict):
        return None
    named = choice.get("function")
    name = named.get("name") if isinstance(named, dict) else choice.get("name")
    if not isinstance(name, str):
        return None
    return next((tool for tool in tools if tool.name == name), WantedTool(name, {}))


def _tool(tool: Json) -> WantedTool | None:
    """A tool of either API: nested under ``function``, or flat."""
    function = tool.get("function", tool) if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return None
    return WantedTool(function["name"], function.get("parameters") or {"type": "object"})


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
