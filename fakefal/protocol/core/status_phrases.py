"""Reason phrases of HTTP statuses, the same under every Python and never empty."""

from __future__ import annotations

from http import HTTPStatus

_PHRASES = {
    **{known.value: known.phrase for known in HTTPStatus},
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    416: "Requested Range Not Satisfiable",
    422: "Unprocessable Entity",
    499: "Client Closed Request",
}
"""Python 3.13 words four of them anew."""


def reason_phrase(status: int) -> str:
    """``Not Found`` for 404. JS error messages are made of it.

    Source: client (protocol.md section 7.4).
    """
    return _PHRASES.get(status, "Unknown Status")
