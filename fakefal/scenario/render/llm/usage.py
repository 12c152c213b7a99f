"""What a call of a metered language model used, from the texts that go in and come out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.protocol.llm.completion import ToolCall
from fakefal.protocol.llm.messages import Line
from fakefal.protocol.llm.tokens import FILE_TOKENS, Usage, tokens_in
from fakefal.scenario.compiled.prices import PriceList
from fakefal.scenario.compiled.reply import Meter
from fakefal.scenario.values.seeded import canonical


def prompt_tokens(lines: Iterable[Line], tools: Json = None) -> int:
    """What the messages count for, their files, and the tools that are offered."""
    offered = tokens_in(canonical(tools)) if tools else 0
    return offered + sum(tokens_in(line.text) + FILE_TOKENS * line.files for line in lines)


def completion_tokens(texts: Iterable[str], calls: Iterable[ToolCall]) -> int:
    """What the answer counts for, reasoning aside."""
    spoken = sum(map(tokens_in, texts))
    return spoken + sum(tokens_in(call.name) + tokens_in(call.arguments) for call in calls)


def metered(
    counted: Usage, meter: Meter, told: Mapping[str, Any] | None, model: str, prices: PriceList
) -> Usage:
    """The usage of a call: what the reply says, else ``told`` (the ``usage`` of a scripted whole),
    else what was counted; and its cost."""
    told = told or {}
    prompt = _first(
        meter.prompt_tokens,
        told.get("prompt_tokens"),
        told.get("input_tokens"),
        counted.prompt_tokens,
    )
    completion = _first(
        meter.completion_tokens,
        told.get("completion_tokens"),
        told.get("output_tokens"),
        counted.completion_tokens,
    )
    reasoning = _first(meter.reasoning_tokens, min(counted.reasoning_tokens, completion))
    usage = prices.price_of(model).charge(Usage(prompt, completion, reasoning))
    cost = meter.cost if meter.cost is not None else told.get("cost")
    if isinstance(cost, (int, float)) and not isinstance(cost, bool):
        return Usage(prompt, completion, reasoning, float(cost))
    return usage


def _first(*values: Any) -> int:
    return next(it for it in values if isinstance(it, int) and not isinstance(it, bool))
