"""Reason phrases are the same on every Python, so that responses are too."""

from __future__ import annotations

import pytest

from fakefal.protocol.core.status_phrases import reason_phrase


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (200, "OK"),
        (202, "Accepted"),
        (404, "Not Found"),
        (413, "Request Entity Too Large"),
        (414, "Request-URI Too Long"),
        (416, "Requested Range Not Satisfiable"),
        (418, "I'm a Teapot"),
        (422, "Unprocessable Entity"),
        (499, "Client Closed Request"),
        (520, "Unknown Status"),
    ],
)
def test_a_phrase_does_not_depend_on_the_python_version(status: int, reason: str) -> None:
    assert reason_phrase(status) == reason
