"""JSON scalars as matching compares them: numbers by value, texts in one Unicode form."""

from __future__ import annotations

import unicodedata
from typing import Any, Final

from fakefal.protocol.core.call import Json


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


MISSING: Final = _Missing()
"""Stands for a value that is not there, so that ``$absent`` can match it."""


def normalize(text: str) -> str:
    """Text in NFC, so that two spellings of an accent are one."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def scalar_key(value: Json) -> tuple[str, Any] | None:
    """A key under which equal scalars meet (1 and 1.0, both forms of é); None for the rest."""
    if isinstance(value, str):
        return ("s", normalize(value))
    if isinstance(value, bool):
        return ("b", value)
    if isinstance(value, (int, float)):
        return ("n", value)
    if value is None:
        return ("z", None)
    return None


def get_field(value: dict[str, Json], name: str) -> Json:
    """The field of an object whose name (in NFC) is this, in either form; else ``MISSING``."""
    field = value.get(name, MISSING)
    if field is not MISSING or name.isascii():
        return field
    return next((inner for key, inner in value.items() if normalize(key) == name), MISSING)
