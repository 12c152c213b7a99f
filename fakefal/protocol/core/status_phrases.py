"""Reason phrases of HTTP statuses, independent of the Python version."""

from __future__ import annotations

from http import HTTPStatus

_PHRASES = {
    **{status.value: status.phrase for status in HTTPStatus},
    # Python 3.13 renamed 413, 414, 416 and 422: https://docs.python.org/3/library/http.html
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    416: "Requested Range Not Satisfiable",
    422: "Unprocessable Entity",
    499: "Client Closed Request",
}


def reason_phrase(status: int) -> str:
    """``Not Found`` for 404; never empty, as the JS client uses it as the error message.

    Source: client (docs/reference/clients.md#errors-and-retries).
    """
    return _PHRASES.get(status, "Unknown Status")
