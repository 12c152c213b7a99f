"""Forms of responses: text with placeholders for values, such as ``<uuid>``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

PLACEHOLDERS: dict[str, str] = {
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "uuid4": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "kid": r"[\w-]{43}",
    "ed25519": r"[\w-]{43}=",
    "local-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}",
    "float": r"\d+\.\d{5,}",
    "integer": r"\d+",
    "file-url": r"https://v3b\.fal\.media/files/b/[0-9a-f]{8}/[\w-]{21}_[\w.-]+",
    "signature": r"[\w-]{16}",
    "text": r'[^"]*',
    "any": r".*",
}
"""The regular expression of each placeholder."""

_PLACEHOLDER = re.compile(r"<([\w-]+)>")
_MAX_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Form:
    """What a response must look like.

    ``headers`` maps names to the form of their value, or to None for a header that must not be
    there. ``body`` is the form of the whole body; None leaves it open. Unless ``is_exact``, a space
    after a comma or colon, and a newline at the end, make no difference.
    """

    status: int
    headers: Mapping[str, str | None] = field(default_factory=dict)
    body: str | None = None
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """A response as it came: the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def deviations(form: Form, received: Received) -> list[str]:
    """How a response differs from its form, a line each; empty if it does not."""
    lines = []
    if received.status != form.status:
        lines.append(f"status: expected {form.status}, got {received.status}")
    for name, expected in form.headers.items():
        value = received.headers.get(name.lower())
        if expected is None:
            if value is not None:
                lines.append(f"header {name}: expected none, got {_shown(value)}")
        elif value is None:
            lines.append(f"header {name}: expected {expected}, got none")
        elif not pattern_of(expected, is_exact=True).fullmatch(value):
            lines.append(f"header {name}: expected {expected}, got {_shown(value)}")
    if form.body is not None:
        text = received.body.decode("utf-8", "replace")
        if not form.is_exact:
            text = text.rstrip("\n")
        if not pattern_of(form.body, is_exact=form.is_exact).fullmatch(text):
            lines.append(f"body: expected {form.body or 'nothing'}, got {_shown(text)}")
    return lines


@lru_cache(maxsize=512)
def pattern_of(form: str, *, is_exact: bool) -> re.Pattern[str]:
    """The regular expression of a form; raises KeyError for an unknown placeholder."""
    parts = []
    end = 0
    for match in _PLACEHOLDER.finditer(form):
        parts += [_literal(form[end : match.start()], is_exact), PLACEHOLDERS[match[1]]]
        end = match.end()
    return re.compile("".join([*parts, _literal(form[end:], is_exact)]), re.DOTALL)


def _literal(text: str, is_exact: bool) -> str:
    escaped = re.escape(text)
    return escaped if is_exact else re.sub(r"([,:])(?:\\ )?", r"\1 ?", escaped)


def _shown(text: str) -> str:
    shown = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}… ({len(text)} characters)"
    return shown.replace("\r", "\\r").replace("\n", "\\n") or "nothing"
