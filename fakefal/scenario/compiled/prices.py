"""Token prices of models: those of a scenario, and default prices for all others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from fakefal.protocol.llm.prices import Price, default_price
from fakefal.scenario.matching.globs import Glob

_GLOB = re.compile(r"[*?]")


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices by model, the first that matches; names may contain ``*`` and ``?``."""

    prices: tuple[tuple[str, Price], ...] = ()

    def price_of(self, model: str) -> Price:
        """Falls back to the default price of the model."""
        for name, price in self.prices:
            if name == model or (_GLOB.search(name) and _name_pattern(name).matches(model)):
                return price
        return default_price(model)


@lru_cache(maxsize=256)
def _name_pattern(name: str) -> Glob:
    return Glob(name)


def build_price_list(prices: Mapping[str, Mapping[str, float]]) -> PriceList:
    """From plain data: ``{"openai/gpt-4o": {"input": 2.5, "output": 10}}``, for 1M tokens."""
    return PriceList(
        tuple(
            (name, Price(spec.get("input", 0.0), spec.get("output", 0.0)))
            for name, spec in prices.items()
        )
    )
