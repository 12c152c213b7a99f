"""Cassettes of VCR.py, in YAML and JSON."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import yaml

from fakefal.recorder.importers.foreign import (
    ForeignExchange,
    ImportResult,
    NotThisFormat,
    add_capture,
    to_pairs,
)

_ORDER_STEP_SECONDS = 0.001
"""Cassettes tell no times, only an order; each request comes a little after the one before."""


def read_cassette(text: str, file: str) -> ImportResult:
    """The requests to fal of a cassette; raises NotThisFormat.

    Source: vcrpy 9.4.2 (serialize.py, request.py).
    """
    data = _parse(text)
    interactions = data.get("interactions") if isinstance(data, dict) else None
    if not isinstance(interactions, list):
        raise NotThisFormat("it has no interactions")
    if data.get("version") not in (None, 1):
        raise NotThisFormat(f"its version is {data['version']}, and 1 is known")
    imported = ImportResult()
    for number, interaction in enumerate(interactions):
        location = f"{file}: interactions[{number}]"
        try:
            add_capture(imported, _to_exchange(interaction, number * _ORDER_STEP_SECONDS), location)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            imported.unused.append(
                f"{location}: it cannot be read ({type(error).__name__}: {error})"
            )
    return imported


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise NotThisFormat(f"it is neither JSON nor YAML ({error})") from None


def _to_exchange(interaction: dict[str, Any], at: float) -> ForeignExchange:
    request, response = interaction["request"], interaction["response"]
    status = response["status"]
    return ForeignExchange(
        str(request["method"]),
        str(request.get("uri") or request["url"]),
        to_pairs(request.get("headers") or {}),
        _body_bytes(request.get("body")),
        int(status["code"] if isinstance(status, dict) else status),
        to_pairs(response.get("headers") or {}),
        _body_bytes(response.get("body", response.get("content"))),
        at,
    )


def _body_bytes(body: Any) -> bytes:
    """A body: text, bytes, or a mapping that holds either, or base64."""
    if isinstance(body, dict):
        if "base64_string" in body:
            return b64decode(body["base64_string"])
        return _body_bytes(body.get("string"))
    if body is None:
        return b""
    return body if isinstance(body, bytes) else str(body).encode()
