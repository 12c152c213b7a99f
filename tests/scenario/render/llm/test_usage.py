"""Token usage of calls."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.llm.completion import ToolCall
from fakefal.protocol.llm.messages import ChatMessage
from fakefal.protocol.llm.tokens import Usage
from fakefal.scenario.compiled.prices import build_price_list
from fakefal.scenario.compiled.reply import UsageOverride
from fakefal.scenario.render.llm.usage import completion_tokens, compute_usage, prompt_tokens

PRICES = build_price_list({"m": {"input": 1, "output": 2}})
ESTIMATE = Usage(10, 20, 5)


def test_messages_files_and_tools_count() -> None:
    messages = [ChatMessage("system", "Be short."), ChatMessage("user", "hi", 2)]
    assert prompt_tokens(messages) == 4 + 2 * 258
    assert prompt_tokens(messages, [{"name": "now"}]) > prompt_tokens(messages)


def test_texts_and_tool_calls_count() -> None:
    assert completion_tokens(["Ship it."], [ToolCall("1", "now", "{}")]) == 3 + 1 + 2


@pytest.mark.parametrize(
    ("override", "scripted", "usage"),
    [
        (UsageOverride(), None, Usage(10, 20, 5, 5e-05)),
        (UsageOverride(prompt_tokens=0), None, Usage(0, 20, 5, 4e-05)),
        (UsageOverride(completion_tokens=2), None, Usage(10, 2, 2, 1.4e-05)),
        (UsageOverride(reasoning_tokens=0, cost=1.5), None, Usage(10, 20, 0, 1.5)),
        (UsageOverride(), {"prompt_tokens": 1, "completion_tokens": 2}, Usage(1, 2, 2, 5e-06)),
        (UsageOverride(), {"input_tokens": 1, "output_tokens": 2, "cost": 7}, Usage(1, 2, 2, 7.0)),
        (UsageOverride(prompt_tokens=3), {"prompt_tokens": 1}, Usage(3, 20, 5, 4.3e-05)),
        (UsageOverride(), {"prompt_tokens": True, "cost": "dear"}, Usage(10, 20, 5, 5e-05)),
    ],
)
def test_a_reply_overrides_a_scripted_body_and_that_the_estimate(
    override: UsageOverride, scripted: Any, usage: Usage
) -> None:
    assert compute_usage(ESTIMATE, override, scripted, "m", PRICES) == usage
