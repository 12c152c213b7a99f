"""A plain HTTP client that returns errors as responses."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def request(url: str, body: Any = None) -> tuple[int, Any]:
    """Status and body: JSON decoded, anything else as bytes; raises urllib.error.URLError."""
    headers = {"Content-Type": "application/json", "Authorization": "Key a:b"}
    data = None if body is None else json.dumps(body).encode()
    try:
        with _OPENER.open(urllib.request.Request(url, data, headers)) as response:
            return response.status, _read(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _read(error)


def _read(response: Any) -> Any:
    body = response.read()
    is_json = response.headers.get("Content-Type", "").startswith("application/json")
    return json.loads(body) if is_json else body
