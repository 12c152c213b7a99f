"""Imports Postman collections (v2.0, v2.1): the saved responses of their requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fakefal.recorder.capture.captures import HeaderPairs
from fakefal.recorder.importers.foreign import (
    ForeignExchange,
    ImportResult,
    NotThisFormat,
    add_capture,
)

_ORDER_STEP_SECONDS = 0.001


def read_postman(text: str, file: str) -> ImportResult:
    """The saved responses of a collection; raises NotThisFormat.

    Source: documented (https://schema.getpostman.com/json/collection/v2.1.0/collection.json).
    """
    try:
        data = json.loads(text)
        items = data["item"]
    except (ValueError, KeyError, TypeError):
        raise NotThisFormat("no collection with items") from None
    imported = ImportResult()
    for location, request, responses in _requests(items, f"{file}: item"):
        if not responses:
            imported.unused.append(f"{location}: it has no saved response")
        for number, response in enumerate(responses):
            at = len(imported.captures) * _ORDER_STEP_SECONDS
            where = f"{location}.response[{number}]"
            try:
                exchange = _to_exchange(response.get("originalRequest") or request, response, at)
                add_capture(imported, exchange, where)
            except (KeyError, ValueError, TypeError, AttributeError) as error:
                imported.unused.append(f"{where}: invalid ({type(error).__name__}: {error})")
    return imported


def _requests(items: Any, path: str) -> Iterator[tuple[str, Any, list[Any]]]:
    """The requests of a collection with their responses; folders contain further items."""
    for number, item in enumerate(items if isinstance(items, list) else ()):
        if not isinstance(item, dict):
            continue
        location = f"{path}[{number}]"
        if "item" in item:
            yield from _requests(item["item"], f"{location}.item")
        elif "request" in item:
            responses = item.get("response")
            yield location, item["request"], responses if isinstance(responses, list) else []


def _to_exchange(request: Any, response: dict[str, Any], at: float) -> ForeignExchange:
    if isinstance(request, str):  # the short form: only a URL
        request = {"method": "GET", "url": request}
    url = request["url"]
    body = request.get("body") or {}
    return ForeignExchange(
        str(request.get("method", "GET")),
        str(url["raw"] if isinstance(url, dict) else url),
        _headers(request.get("header")),
        str(body.get("raw") or "").encode(),
        int(response["code"]),
        _headers(response.get("header")),
        str(response.get("body") or "").encode(),
        at,
        max(0.0, float(response.get("responseTime") or 0)) / 1000,
    )


def _headers(headers: Any) -> HeaderPairs:
    if not isinstance(headers, list):
        return ()
    return tuple(
        (str(header["key"]), str(header["value"]))
        for header in headers
        if isinstance(header, dict) and not header.get("disabled")
    )
