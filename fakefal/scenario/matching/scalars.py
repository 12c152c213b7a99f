"""How matching compares JSON scalars: numbers by value, texts in Unicode NFC."""

from __future__ import annotations

import unicodedata
from typing import Any, Final

from fakefal.protocol.core.call import Json


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


MISSING: Final = _Missing()
"""The value of an absent field; ``$absent`` matches it."""


def normalize(text: str) -> str:
    """Text in NFC (unicode.org/reports/tr15), so that both spellings of é are equal."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def scalar_key(value: Json) -> tuple[str, Any] | None:
    """A hashable key, the same for equal scalars (1 and 1.0, both spellings of é); else None."""
    if isinstance(value, str):
        return ("s", value if value.isascii() else normalize(value))
    if isinstance(value, bool):
        return ("b", value)
    if isinstance(value, (int, float)):
        return ("n", value)
    if value is None:
        return ("z", None)
    return None


def get_field(value: dict[str, Json], name: str) -> Json:
    """The field whose name in NFC is ``name``, or ``MISSING``."""
    field = value.get(name, MISSING)
    if field is not MISSING or name.isascii():
        return field
    return next((inner for key, inner in value.items() if normalize(key) == name), MISSING)
