"""Imports JSON bodies of statuses, results, errors and webhooks, and knows which are fal's."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, Literal

from fakefal.protocol.core.call import Json
from fakefal.protocol.errors.catalog import CATALOG, find_error
from fakefal.protocol.errors.errors import ErrorSpec
from fakefal.recorder.distil.media import media_urls
from fakefal.recorder.importers.foreign import ImportResult, NotThisFormat, PastedBody

BodyKind = Literal["status", "webhook", "error", "result"]

STATES = ("IN_QUEUE", "IN_PROGRESS", "COMPLETED")

_GENERIC_ERRORS = frozenset(
    "value_error greater_than greater_than_equal less_than less_than_equal multiple_of bad_request "
    "application_error invalid_text method_not_allowed unknown_path internal_error".split()
)
"""Errors of the catalogue whose texts other services send as well."""

_COMPLETION_KEYS = frozenset({"output", "reasoning", "partial", "error", "usage"})


def read_body(text: str, file: str) -> ImportResult:
    """A JSON body; raises NotThisFormat."""
    try:
        json.loads(text)
    except ValueError as error:
        raise NotThisFormat(f"not JSON ({error})") from None
    return ImportResult(pasted=[PastedBody(file, text.strip().encode())])


def read_json_lines(text: str, file: str) -> ImportResult:
    """A JSON body in each line, such as the statuses that a program printed."""
    imported = ImportResult()
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                json.loads(line)
            except ValueError as error:
                raise NotThisFormat(f"line {number} is not JSON ({error})") from None
            imported.pasted.append(PastedBody(f"{file}:{number}", line.strip().encode()))
    return imported


def read_events(text: str, file: str) -> ImportResult:
    """The events of a stream; raises NotThisFormat."""
    if "data:" not in text:
        raise NotThisFormat("no line with data:")
    body = f"{text.strip()}\n\n".encode()
    headers = (("content-type", "text/event-stream"),)
    return ImportResult(pasted=[PastedBody(file, body, 200, headers)])


def is_fal_body(body: Json) -> bool:
    """Whether a body has the structure of one of fal's."""
    return kind_of(body) is not None


_STATUS_KEYS = {"request_id", "response_url", "error_type", "queue_position"}
"""One of them is in every status of fal's, also where people paste but a part of it."""


def kind_of(body: Json) -> BodyKind | None:
    """What a body is by its structure; None if it need not be fal's."""
    if not isinstance(body, dict):
        return None
    if body.get("status") in STATES and body.keys() & _STATUS_KEYS:
        return "status"
    if isinstance(body.get("request_id"), str) and body.get("status") in ("OK", "ERROR"):
        return "webhook" if "payload" in body or "error" in body else None
    if known_error(body) is not None:
        return "error"
    if any(media_urls(body)):
        return "result"
    is_completion = isinstance(body.get("output"), str) and "partial" in body
    return "result" if is_completion and body.keys() <= _COMPLETION_KEYS else None


def known_error(body: Json) -> ErrorSpec | None:
    """The error of the catalogue that a body has the text or type of; None if it has none."""
    if not isinstance(body, dict):
        return None
    detail = body.get("detail")
    if isinstance(detail, list):
        return _model_error(detail)
    spec = find_error(body["error_type"]) if isinstance(body.get("error_type"), str) else None
    if spec is not None:
        return spec
    if isinstance(detail, str) and body.keys() <= {"detail", "type", "data"}:
        return next((spec for text, spec in _texts() if text.fullmatch(detail)), None)
    return next((spec for spec in CATALOG.values() if spec.body == body), None)


def _model_error(items: list[Any]) -> ErrorSpec | None:
    first = items[0] if items and isinstance(items[0], dict) else {}
    if not {"loc", "msg", "type"} <= first.keys():
        return None
    spec = CATALOG.get(str(first["type"]))
    if spec is not None and spec.kind == "model" and spec.name not in _GENERIC_ERRORS:
        return spec
    is_documented = str(first.get("url", "")).startswith("https://docs.fal.ai/")
    return spec or _INVALID_INPUT if is_documented else None


_INVALID_INPUT = ErrorSpec(
    "invalid_input", "model", 422, "Invalid input", "docs/reference/errors.md", "documented"
)
"""Stands for the errors of pydantic, which have many types and one status."""


@cache
def _texts() -> list[tuple[re.Pattern[str], ErrorSpec]]:
    """Regular expressions for the texts of errors that only fal sends."""
    texts = []
    for spec in CATALOG.values():
        if spec.kind in ("account", "routing", "app") and spec.name not in _GENERIC_ERRORS:
            parts = re.split(r"\{\w+\}", spec.message)
            texts.append((re.compile(".+".join(map(re.escape, parts))), spec))
    return texts


def status_of(body: Json) -> int:
    """The HTTP status that belongs to an error body, by the error that it is."""
    spec = known_error(body)
    if spec is not None:
        return spec.status
    detail = body.get("detail") if isinstance(body, dict) else None
    if isinstance(detail, list):
        first = detail[0] if detail and isinstance(detail[0], dict) else {}
        generic = CATALOG.get(str(first.get("type")))
        return generic.status if generic is not None and generic.kind == "model" else 422
    for generic in CATALOG.values():
        if generic.name in _GENERIC_ERRORS and generic.message == detail:
            return generic.status
    return 500
