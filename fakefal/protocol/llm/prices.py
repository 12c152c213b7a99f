"""Prices of models behind openrouter/router; a scenario can override them."""

from __future__ import annotations

from typing import NamedTuple

from fakefal.protocol.llm.tokens import Usage


class Price(NamedTuple):
    """US dollars for a million tokens of input and of output."""

    input: float
    output: float

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """The cost in US dollars."""
        return round((prompt_tokens * self.input + completion_tokens * self.output) / 1e6, 12)

    def charge(self, usage: Usage) -> Usage:
        """A copy of a usage with its cost."""
        prompt, completion = usage.prompt_tokens, usage.completion_tokens
        return Usage(prompt, completion, usage.reasoning_tokens, self.cost(prompt, completion))


PRICES: dict[str, Price] = {
    "anthropic/claude-3-5-haiku": Price(0.80, 4),
    "anthropic/claude-3-haiku": Price(0.25, 1.25),
    "anthropic/claude-3.5-haiku": Price(0.80, 4),
    "anthropic/claude-3.5-sonnet": Price(3, 15),
    "anthropic/claude-3.7-sonnet": Price(3, 15),
    "anthropic/claude-haiku-4.5": Price(1, 5),
    "anthropic/claude-sonnet-4": Price(3, 15),
    "anthropic/claude-sonnet-4.5": Price(3, 15),
    "deepseek/deepseek-r1": Price(0.70, 2.40),
    "google/gemini-2.0-flash-001": Price(0.10, 0.40),
    "google/gemini-2.5-flash": Price(0.30, 2.50),
    "google/gemini-2.5-flash-lite": Price(0.10, 0.40),
    "google/gemini-2.5-pro": Price(1.25, 10),
    "google/gemini-flash-1.5": Price(0.075, 0.30),
    "google/gemini-flash-1.5-8b": Price(0.0375, 0.15),
    "google/gemini-pro-1.5": Price(1.25, 5),
    "meta-llama/llama-3.1-70b-instruct": Price(0.40, 0.40),
    "meta-llama/llama-3.1-8b-instruct": Price(0.02, 0.03),
    "meta-llama/llama-4-maverick": Price(0.15, 0.60),
    "meta-llama/llama-4-scout": Price(0.08, 0.30),
    "openai/gpt-4.1": Price(2, 8),
    "openai/gpt-4.1-mini": Price(0.40, 1.60),
    "openai/gpt-4o": Price(2.50, 10),
    "openai/gpt-4o-mini": Price(0.15, 0.60),
    "openai/gpt-5": Price(1.25, 10),
    "openai/gpt-5-chat": Price(1.25, 10),
    "openai/gpt-5-mini": Price(0.25, 2),
    "openai/gpt-5-nano": Price(0.05, 0.40),
    "openai/gpt-oss-120b": Price(0.04, 0.40),
    "openai/o3": Price(2, 8),
    "openai/text-embedding-3-large": Price(0.13, 0),
    "openai/text-embedding-3-small": Price(0.02, 0),
    "openai/text-embedding-ada-002": Price(0.10, 0),
}
"""Source: inferred from the providers' price lists; gemini-2.5-flash is documented
(docs/reference/llm.md#usage)."""

DEFAULT_PRICE = Price(0.50, 1.50)
"""The price of models that are not in the table."""

FREE_PRICE = Price(0, 0)


def default_price(model: str) -> Price:
    """The price of a model. The suffix ``:free`` makes it free; others have no effect.

    Source: inferred.
    """
    name, _, suffix = model.partition(":")
    return FREE_PRICE if suffix == "free" else PRICES.get(name, DEFAULT_PRICE)
