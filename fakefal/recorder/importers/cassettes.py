"""Imports cassettes in YAML or JSON: of VCR.py, VCR for Ruby, Betamax, go-vcr, PHP-VCR, ExVCR."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime
from email.utils import parsedate_to_datetime
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

    Source: client (vcrpy 9.4.2 serialize.py, request.py; vcr 6.3.1 lib/vcr/structs.rb; betamax
    0.9.0 cassette.py; go-vcr 4.0.3 pkg/cassette; php-vcr 1.8.1 Request.php; ex_vcr 0.16.0).
    """
    data = _parse(text)
    name, interactions = "interactions", data
    if isinstance(data, dict):
        name = "http_interactions" if "http_interactions" in data else "interactions"
        interactions = data.get(name)
        if name == "interactions" and data.get("version") not in (None, 1, 2):
            raise NotThisFormat(f"unsupported version {data['version']}, only 1 and 2 are known")
    if not isinstance(interactions, list):
        raise NotThisFormat("no interactions")
    imported = ImportResult()
    for number, interaction in enumerate(interactions):
        location = f"{file}: {name}[{number}]"
        try:
            exchange = _to_exchange(interaction, number * _ORDER_STEP_SECONDS)
            add_capture(imported, exchange, location)
            moment = _moment(interaction.get("recorded_at"))
            if moment is not None:
                imported.recorded_at = min(moment, imported.recorded_at or moment)
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
    headers = to_pairs(_headers(request))
    response_headers = to_pairs(_headers(response))
    body = response.get("body", response.get("content"))
    return ForeignExchange(
        str(request["method"]),
        str(request.get("uri") or request["url"]),
        headers,
        _body_bytes(request.get("body")),
        _status_of(response),
        response_headers,
        _body_bytes(body),
        at,
    )


def _headers(message: dict[str, Any]) -> dict[str, Any]:
    headers = message.get("headers") or {}
    return headers if isinstance(headers, dict) else dict(headers)


def _status_of(response: dict[str, Any]) -> int:
    """The status: a number, ``200 OK``, or a mapping, under the name that each tool gives it."""
    status = response.get("status_code", response.get("code", response.get("status")))
    if isinstance(status, dict):
        status = status["code"]
    return int(str(status).split()[0])


def _body_bytes(body: Any) -> bytes:
    """A body, given as text, bytes, parsed JSON, or a mapping with either text or base64."""
    if isinstance(body, dict):
        for name in ("base64_string", "base64"):
            if name in body:
                return b64decode(body[name])
        if "string" in body:
            return _body_bytes(body["string"])
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    # Some tools parse JSON bodies when they write them.
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def _moment(text: Any) -> float | None:
    """``Mon, 01 Jun 2026 00:00:00 GMT`` or an ISO time, in seconds since 1970."""
    if not isinstance(text, str):
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None
