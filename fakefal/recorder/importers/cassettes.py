"""Cassettes of VCR.py, in YAML and JSON."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import yaml

from fakefal.recorder.importers.foreign import Exchanged, Imported, NotThisFormat, add, pairs

_STEP_SECONDS = 0.001
"""Cassettes tell no times, only an order; each request comes a little after the one before."""


def read_cassette(text: str, file: str) -> Imported:
    """The requests to fal of a cassette; raises NotThisFormat.

    Source: vcrpy 9.4.2 (serialize.py, request.py).
    """
    data = _parsed(text)
    interactions = data.get("interactions") if isinstance(data, dict) else None
    if not isinstance(interactions, list):
        raise NotThisFormat("it has no interactions")
    if data.get("version") not in (None, 1):
        raise NotThisFormat(f"its version is {data['version']}, and 1 is known")
    imported = Imported()
    for number, interaction in enumerate(interactions):
        place = f"{file}: interactions[{number}]"
        try:
            add(imported, _exchanged(interaction, number * _STEP_SECONDS), place)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            imported.unused.append(f"{place}: it cannot be read ({type(error).__name__}: {error})")
    return imported


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise NotThisFormat(f"it is neither JSON nor YAML ({error})") from None


def _exchanged(interaction: dict[str, Any], at: float) -> Exchanged:
    request, response = interaction["request"], interaction["response"]
    status = response["status"]
    return Exchanged(
        str(request["method"]),
        str(request.get("uri") or request["url"]),
        pairs(request.get("headers") or {}),
        _bytes(request.get("body")),
        int(status["code"] if isinstance(status, dict) else status),
        pairs(response.get("headers") or {}),
        _bytes(response.get("body", response.get("content"))),
        at,
    )


def _bytes(body: Any) -> bytes:
    """A body: text, bytes, or a mapping that holds either, or base64."""
    if isinstance(body, dict):
        if "base64_string" in body:
            return b64decode(body["base64_string"])
        return _bytes(body.get("string"))
    if body is None:
        return b""
    return body if isinstance(body, bytes) else str(body).encode()
