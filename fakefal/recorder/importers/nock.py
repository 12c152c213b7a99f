"""Imports what nock's recorder writes with ``output_objects``, the JSON of nockBack."""

from __future__ import annotations

import json
from typing import Any

from fakefal.recorder.capture.captures import HeaderPairs
from fakefal.recorder.importers.foreign import (
    ForeignExchange,
    ImportResult,
    NotThisFormat,
    add_capture,
    to_pairs,
)

_ORDER_STEP_SECONDS = 0.001


def read_nock(text: str, file: str) -> ImportResult:
    """The requests to fal in a fixture; raises NotThisFormat.

    Source: client (nock 14.0.1 lib/recorder.js: generateRequestAndResponseObject).
    """
    try:
        definitions = json.loads(text)
    except ValueError:
        raise NotThisFormat("not JSON") from None
    if not isinstance(definitions, list):
        raise NotThisFormat("no list of definitions")
    imported = ImportResult()
    for number, definition in enumerate(definitions):
        location = f"{file}: [{number}]"
        try:
            exchange = _to_exchange(definition, number * _ORDER_STEP_SECONDS)
            add_capture(imported, exchange, location)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            imported.unused.append(f"{location}: invalid ({type(error).__name__}: {error})")
    return imported


def _to_exchange(definition: dict[str, Any], at: float) -> ForeignExchange:
    scope = str(definition["scope"]).removesuffix(":443").removesuffix(":80")
    response = definition.get("response", "")
    headers = _headers(definition)
    if isinstance(response, list) and response and all(isinstance(it, str) for it in response):
        body = bytes.fromhex("".join(response))  # chunks of a compressed or binary body
    elif definition.get("responseIsBinary"):
        body = bytes.fromhex(str(response))
    else:
        body = _encode(response)
    return ForeignExchange(
        str(definition["method"]),
        f"{scope}{definition['path']}",
        to_pairs(definition.get("reqheaders") or {}),
        _encode(definition.get("body", "")),
        int(definition["status"]),
        headers,
        body,
        at,
    )


def _headers(definition: dict[str, Any]) -> HeaderPairs:
    raw = definition.get("rawHeaders") or definition.get("headers") or {}
    if isinstance(raw, dict):
        return to_pairs(raw)
    return tuple(zip(map(str, raw[::2]), map(str, raw[1::2]), strict=True))


def _encode(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()
