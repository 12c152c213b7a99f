"""From what a user saw (a status, words of an error message) to the situations that cause it."""

from __future__ import annotations

import difflib
import re

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.core.status_phrases import reason_phrase
from fakefal.protocol.errors.catalog import ERROR_SPECS, outcome_of
from fakefal.protocol.errors.errors import ErrorSpec

_APP = "fal-ai/any-llm"
_MIN_WORDS = 6
"""Shorter texts occur in too many messages."""

_LIKELY = ("account", "request", "ingress", "model", "routing", "app")
"""Of several errors with a status, those of the platform are met most."""


def errors_with_status(status: int) -> list[ErrorSpec]:
    """The errors of the catalogue with a status, the likeliest first."""
    found = [spec for spec in ERROR_SPECS if spec.status == status]
    return sorted(found, key=lambda spec: _LIKELY.index(spec.kind))


def errors_with_words(text: str) -> list[ErrorSpec]:
    """The errors whose message contains the text, or occurs in it; the best first."""
    wanted = _plain(text)
    if len(wanted) < _MIN_WORDS:
        return []
    scored = []
    for spec in ERROR_SPECS:
        for message in (_message(spec), spec.name.replace("_", " ")):
            plain = _plain(message)
            if wanted in plain or (len(plain) >= _MIN_WORDS and plain in wanted):
                scored.append((min(len(wanted), len(plain)) + (wanted == plain), spec))
                break
    if not scored:
        messages = {_plain(_message(spec)): spec for spec in ERROR_SPECS}
        close = difflib.get_close_matches(wanted, messages, n=3, cutoff=0.75)
        return [messages[message] for message in close]
    scored.sort(key=lambda pair: -pair[0])
    return [spec for _, spec in scored]


def status_in(text: str) -> int | None:
    """The status that a text consists of, or names: ``429``, ``Invalid status code: 503``."""
    match = re.fullmatch(r"(?:.*(?:status|code|HTTP)[^0-9]*)?([45][0-9]{2})", text.strip(), re.I)
    return int(match[1]) if match else None


def client_messages(outcome: Outcome) -> tuple[str, str]:
    """What the Python and the JavaScript client raise for a failure, as a user reads it.

    Source: client (docs/reference/clients.md#errors-and-retries).
    """
    body = outcome.body
    detail = body.get("detail") if isinstance(body, dict) else None
    text = outcome.payload.decode("utf-8", "replace") if detail is None else str(detail)
    python = f"FalClientHTTPError({outcome.status}): {_cut(text)}"
    is_validation = outcome.status == 422 and isinstance(body, dict)
    name = "ValidationError" if is_validation else "ApiError"
    message = body.get("message") if isinstance(body, dict) else None
    js = f"{name}({outcome.status}): {_cut(str(message or reason_phrase(outcome.status)))}"
    return python, js


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:99]}…"


def _message(spec: ErrorSpec) -> str:
    outcome = outcome_of(spec, app=_APP, path="/x")
    body = outcome.body
    detail = body.get("detail") if isinstance(body, dict) else None
    return detail if isinstance(detail, str) else spec.message


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower()).split())
