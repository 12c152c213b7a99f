"""The retry rules of fal's Python and JS clients."""

from __future__ import annotations

from typing import NamedTuple

from fakefal.protocol.core import headers as names
from fakefal.protocol.core.call import Outcome
from fakefal.protocol.errors.fault import Operation

PYTHON_ATTEMPTS = 10
"""Attempts including the first. Source: client (fal_client 1.0.3 client.py: MAX_ATTEMPTS)."""

_PYTHON_CODES = frozenset({408, 409, 429})
_INGRESS_CODES = frozenset({502, 503, 504})
_PYTHON_NOT_RETRIED: frozenset[Operation] = frozenset(("stream", "status_stream", "download"))
_JS_CODES = frozenset({429, 502, 503, 504})
_JS_RETRIES: dict[Operation, int] = {
    "submit": 3,
    "result": 3,
    "run": 3,
    "cancel": 3,
    "upload": 3,
    "token": 3,
    "status": 5,
}


class RequestCounts(NamedTuple):
    """The number of requests that each client makes, the first included."""

    python: int
    js: int


def count_requests(outcome: Outcome, operation: Operation) -> RequestCounts:
    """How many requests the clients make if every response to an operation is this failure.

    For fal_client 0.13 and later, and @fal-ai/client 1.10. Source: client
    (docs/reference/clients.md#errors-and-retries).
    """
    headers = {name.lower(): value for name, value in outcome.headers}
    timeout_type = headers.get(names.TIMEOUT_TYPE.lower())
    python = 1
    if operation not in _PYTHON_NOT_RETRIED and not (outcome.status == 504 and timeout_type):
        is_ingress = outcome.status in _INGRESS_CODES and not outcome.has_request_id
        if outcome.status in _PYTHON_CODES or (is_ingress and b"nginx" in outcome.payload):
            python = PYTHON_ATTEMPTS
    retries = 0
    codes = _JS_CODES | {500} if operation == "status" else _JS_CODES
    if outcome.status in codes and not (outcome.status == 504 and timeout_type == "user"):
        retries = _JS_RETRIES.get(operation, 0)
    return RequestCounts(python, 1 + retries)
