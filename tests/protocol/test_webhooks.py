"""Bodies, signatures and retries of webhooks."""

from __future__ import annotations

import json
from hashlib import sha256
from itertools import pairwise

import pytest

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.protocol.webhooks import (
    NOT_JSON,
    RETRY_PAUSES,
    encode_webhook,
    public_key,
    signed_message,
    webhook_body,
)

OUTPUT = {"output": "Ship it."}


def success(body: object = None) -> Outcome:
    return Outcome(200, body or OUTPUT, encode(body or OUTPUT))


def test_a_success_has_the_output_as_payload() -> None:
    assert json.dumps(webhook_body("r", "g", success())) == (
        '{"request_id": "r", "gateway_request_id": "g", "status": "OK", "error": null, '
        '"payload": {"output": "Ship it."}}'
    )


def test_a_failure_of_the_model_has_the_status_and_the_body() -> None:
    outcome = outcome_of(CATALOG["no_media_generated"])
    body = webhook_body("r", "r", outcome)
    assert list(body) == ["request_id", "gateway_request_id", "status", "error", "payload"]
    assert (body["status"], body["error"]) == ("ERROR", "Invalid status code: 422")
    assert body["payload"] == outcome.body


def test_an_error_is_sent_even_if_the_status_omits_it() -> None:
    outcome = Outcome(422, {"detail": []}, b"")
    assert webhook_body("r", "r", outcome)["error"] == "Invalid status code: 422"


def test_a_failure_of_the_platform_has_its_text() -> None:
    body = webhook_body("r", "r", outcome_of(CATALOG["runner_disconnected"]))
    assert (body["status"], body["error"]) == ("ERROR", "Runner disconnected")
    assert body["payload"] == {
        "detail": "Runner disconnected",
        "error_type": "runner_disconnected",
    }


@pytest.mark.parametrize("name", ["cancelled_by_app", "client_cancelled"])
def test_a_cancelled_request_says_so(name: str) -> None:
    outcome = outcome_of(CATALOG[name])
    body = webhook_body("r", "r", outcome)
    assert (body["status"], body["error"]) == ("ERROR", "Request was cancelled")
    assert body["payload"] == outcome.body


def test_a_result_that_is_not_json_has_no_payload() -> None:
    body = webhook_body("r", "r", success(), NOT_JSON)
    assert (body["status"], body["payload"], body["payload_error"]) == ("OK", None, NOT_JSON)


def test_a_page_has_no_payload_either() -> None:
    body = webhook_body("r", "r", Outcome(502, b"<html>", b"<html>"))
    assert (body["status"], body["payload"], body["payload_error"]) == ("ERROR", None, NOT_JSON)


def test_the_signed_message_has_four_lines_ending_with_the_hash() -> None:
    digest = sha256(b"{}").hexdigest()
    assert signed_message("r", "u", 12, b"{}") == f"r\nu\n12\n{digest}".encode()


def test_a_body_has_sorted_keys_and_spaces_as_recorded() -> None:
    body = webhook_body("r", "g", success({"b": 1.0, "a": {"z": [1, 2], "y": "é"}}))
    assert encode_webhook(body) == (
        b'{"error": null, "gateway_request_id": "g", "payload": {"a": {"y": "\\u00e9", '
        b'"z": [1, 2]}, "b": 1.0}, "request_id": "r", "status": "OK"}'
    )


def test_a_key_is_published_with_padding_and_in_the_recorded_order() -> None:
    assert list(public_key(b"\xff" * 32, "k").items()) == [
        ("kty", "OKP"),
        ("crv", "Ed25519"),
        ("kid", "k"),
        ("x", "_" * 42 + "8="),
        ("use", "sig"),
    ]


def test_the_first_pauses_are_as_recorded() -> None:
    assert RETRY_PAUSES[31][:6] == (2.5, 39, 75, 55, 190, 340)


@pytest.mark.parametrize(("retries", "hours"), [(31, 24), (10, 2)])
def test_the_pauses_grow_and_fill_the_documented_time(retries: int, hours: int) -> None:
    pauses = RETRY_PAUSES[retries]
    assert len(pauses) == retries
    inferred = pauses[6:] if retries == 31 else pauses
    assert all(earlier <= later for earlier, later in pairwise(inferred))
    assert hours / 2 < sum(pauses) / 3600 < hours
