from __future__ import annotations

from fakefal.protocol.errors.catalog import ERROR_SPECS, find_error, outcome_of
from fakefal.scenario.incidents import (
    client_messages,
    errors_with_status,
    errors_with_words,
    status_in,
)
from tests.cases import failures


def test_a_status_names_its_errors() -> None:
    assert [spec.name for spec in errors_with_status(429)] == [
        "concurrent_requests_limit",
        "queue_full",
    ]
    for spec in ERROR_SPECS:
        assert spec in errors_with_status(spec.status)


def test_words_of_a_message_name_the_error() -> None:
    def check(words: str, name: str) -> None:
        assert errors_with_words(words)[0].name == name

    cases = [
        ("Runner disconnected", "runner_disconnected"),
        ("Exhausted balance", "exhausted_balance"),
        ("FalClientHTTPError: User is locked. Reason: TOP_UP.", "top_up"),
        ("runner disconnectd", "runner_disconnected"),
        ("Reached concurrent requests limit of 2", "concurrent_requests_limit"),
        ("CUDA error: out of memory", "gpu_out_of_memory"),
    ]
    assert failures(check, cases) == []
    assert [errors_with_words(words) for words in ("x", "no such words")] == [[], []]


def test_a_status_in_a_text() -> None:
    texts = ("429", "Invalid status code: 503", "HTTP 502", "200", "top 404 songs")
    assert [status_in(text) for text in texts] == [429, 503, 502, None, None]


def test_what_the_clients_raise() -> None:
    spec = find_error("runner_disconnected")
    assert spec is not None
    assert client_messages(outcome_of(spec)) == (
        "FalClientHTTPError(503): Runner disconnected",
        "ApiError(503): Service Unavailable",
    )
    spec = find_error("image_too_small")
    assert spec is not None
    python, js = client_messages(outcome_of(spec))
    assert python.startswith("FalClientHTTPError(422): [{'loc': ['body']")
    assert js == "ValidationError(422): Unprocessable Entity"
