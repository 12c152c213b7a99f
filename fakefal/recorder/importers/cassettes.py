"""Imports cassettes of VCR.py, in YAML or JSON."""

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
"""Cassettes have an order but no times; requests are placed this far apart."""


def read_cassette(text: str, file: str) -> ImportResult:
    """The requests to fal in a cassette; raises NotThisFormat.

    Source: vcrpy 9.4.2 (serialize.py, request.py).
    """
    data = _parse(text)
    interactions = data.get("interactions") if isinstance(data, dict) else None
    if not isinstance(interactions, list):
        raise NotThisFormat("no interactions")
    if data.get("version") not in (None, 1):
        raise NotThisFormat(f"unsupported version {data['version']}, only 1 is supported")
    imported = ImportResult()
    for number, interaction in enumerate(interactions):
        location = f"{file}: interactions[{number}]"
        try:
            add_capture(imported, _to_exchange(interaction, number * _ORDER_STEP_SECONDS), location)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            imported.unused.append(f"{location}: invalid ({type(error).__name__}: {error})")
    return imported


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise NotThisFormat(f"neither JSON nor YAML ({error})") from None


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
    """A body, given as text, bytes, or a mapping with either or with base64."""
    if isinstance(body, dict):
        if "base64_string" in body:
            return b64decode(body["base64_string"])
        return _body_bytes(body.get("string"))
    if body is None:
        return b""
    return body if isinstance(body, bytes) else str(body).encode()
