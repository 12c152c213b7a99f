"""Token estimates and the usage of a call."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fakefal.protocol.core.call import Json

_TOKEN = re.compile(r"[0-9A-Za-z]{1,6}|\S")

FILE_TOKENS = 258
"""Tokens of an image, document, audio or video input of any size. Source: inferred."""


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text: one for up to six letters or digits, one for each other sign.

    ``"Ship it."`` has three. The estimate is the same for all models. Source: inferred.
    """
    return len(_TOKEN.findall(text))


def first_tokens(text: str, count: int) -> str:
    """The text up to the end of its ``count``-th token, by the same estimate."""
    end = 0
    for number, token in enumerate(_TOKEN.finditer(text)):
        if number == count:
            return text[:end]
        end = token.end()
    return text


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and cost (US dollars) of a call. ``completion_tokens`` include the reasoning."""

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0
    cost: float = 0.0

    @property
    def total_tokens(self) -> int:
        """Tokens of prompt and completion."""
        return self.prompt_tokens + self.completion_tokens

    def to_router(self) -> dict[str, Json]:
        """``{"total_tokens":267,"cost":0.0005795,"prompt_tokens":40,"completion_tokens":227}``.

        Source: documented (docs/reference/llm.md#usage).
        """
        return {
            "total_tokens": self.total_tokens,
            "cost": self.cost,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
        }

    def to_chat(self) -> dict[str, Json]:
        """OpenAI's usage and a ``cost``. Source: documented (docs/reference/llm.md#usage)."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.total_tokens,
            "cost": self.cost,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning_tokens},
        }

    def to_responses(self) -> dict[str, Json]:
        """The usage of the Responses API and a ``cost``."""
        return {
            "input_tokens": self.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": self.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": self.reasoning_tokens},
            "total_tokens": self.total_tokens,
            "cost": self.cost,
        }

    def to_embeddings(self) -> dict[str, Json]:
        """``{"prompt_tokens": 8, "total_tokens": 8, "cost": 1.6e-07}``."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "total_tokens": self.total_tokens,
            "cost": self.cost,
        }
