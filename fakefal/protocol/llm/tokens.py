"""How many tokens a text has, by an estimate of our own, and what a call used."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fakefal.protocol.core.call import Json

_TOKEN = re.compile(r"[0-9A-Za-z]{1,6}|\S")

FILE_TOKENS = 258
"""What a picture, a document, a sound or a film counts for, whatever its size."""


def estimate_tokens(text: str) -> int:
    """An estimate: each six letters or digits of a word, or what is left of them, are a token, and
    so is every other character that is no space.

    ``"Ship it."`` has three. Real tokenizers differ from model to model; this one is the same for
    all of them. Source: inferred.
    """
    return len(_TOKEN.findall(text))


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call used; ``cost`` in US $. ``reasoning_tokens`` are among the completion's."""

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0
    cost: float = 0.0

    @property
    def total_tokens(self) -> int:
        """Tokens in and out."""
        return self.prompt_tokens + self.completion_tokens

    def to_router(self) -> dict[str, Json]:
        """``{"total_tokens":267,"cost":0.0005795,"prompt_tokens":40,"completion_tokens":227}``.

        Source: documented (protocol.md section 6.4).
        """
        return {
            "total_tokens": self.total_tokens,
            "cost": self.cost,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
        }

    def to_chat(self) -> dict[str, Json]:
        """OpenAI's, with ``cost`` added. Source: documented (protocol.md section 6.4)."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.total_tokens,
            "cost": self.cost,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning_tokens},
        }

    def to_responses(self) -> dict[str, Json]:
        """As the Responses API tells it, with ``cost`` added."""
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
