"""Estimates the token usage of a call from its messages and its output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.protocol.llm.completion import ToolCall
from fakefal.protocol.llm.messages import ChatMessage
from fakefal.protocol.llm.tokens import FILE_TOKENS, Usage, estimate_tokens
from fakefal.scenario.compiled.prices import PriceList
from fakefal.scenario.compiled.reply import UsageOverride
from fakefal.scenario.values.seeded import canonical_json


def prompt_tokens(messages: Iterable[ChatMessage], tools: Json = None) -> int:
    """The tokens of messages, their files and the offered tools."""
    offered = estimate_tokens(canonical_json(tools)) if tools else 0
    return offered + sum(
        estimate_tokens(message.text) + FILE_TOKENS * message.files for message in messages
    )


def completion_tokens(texts: Iterable[str], tool_calls: Iterable[ToolCall]) -> int:
    """The tokens of texts and tool calls, without reasoning."""
    text_tokens = sum(map(estimate_tokens, texts))
    return text_tokens + sum(
        estimate_tokens(call.name) + estimate_tokens(call.arguments) for call in tool_calls
    )


def compute_usage(
    estimate: Usage,
    override: UsageOverride,
    scripted: Mapping[str, Any] | None,
    model: str,
    prices: PriceList,
) -> Usage:
    """The usage and cost of a call: ``usage`` of the reply, else ``scripted`` (``usage`` of a
    scripted body), else the estimate."""
    scripted = scripted or {}
    prompt = _first(
        override.prompt_tokens,
        scripted.get("prompt_tokens"),
        scripted.get("input_tokens"),
        estimate.prompt_tokens,
    )
    completion = _first(
        override.completion_tokens,
        scripted.get("completion_tokens"),
        scripted.get("output_tokens"),
        estimate.completion_tokens,
    )
    reasoning = _first(override.reasoning_tokens, min(estimate.reasoning_tokens, completion))
    usage = prices.price_of(model).charge(Usage(prompt, completion, reasoning))
    cost = override.cost if override.cost is not None else scripted.get("cost")
    if isinstance(cost, (int, float)) and not isinstance(cost, bool):
        return Usage(prompt, completion, reasoning, float(cost))
    return usage


def _first(*values: Any) -> int:
    return next(value for value in values if isinstance(value, int) and not isinstance(value, bool))
