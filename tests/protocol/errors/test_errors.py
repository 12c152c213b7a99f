"""API errors: bodies, headers, and fields of the status."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors import errors
from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.protocol.errors.errors import (
    ApiError,
    failed_outcome,
    ingress_page,
    model_error,
    request_error,
)


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (errors.not_found(), 404, b'{"status":"NOT_FOUND"}'),
        (errors.method_not_allowed(), 405, b'{"detail":"Method Not Allowed"}'),
        (
            errors.unauthenticated("fal-ai/any-llm"),
            401,
            b'{"detail":"Cannot access application \\"fal-ai/any-llm\\". Authentication is required'
            b' to access this application."}',
        ),
        (errors.bad_key(), 401, b'{"detail":"invalid key credentials"}'),
        (
            errors.malformed_key(),
            401,
            b'{"detail":"Invalid Key Authorization header format.'
            b" Expected '<key_id>:<key_secret>'.\"}",
        ),
        (
            errors.unknown_application("any-llmx"),
            404,
            b'{"detail":"Application \\"any-llmx\\" not found"}',
        ),
        (errors.bad_request("bad"), 400, b'{"detail":"bad","error_type":"bad_request"}'),
    ],
)
def test_an_error_has_the_recorded_body(error: ApiError, status: int, body: bytes) -> None:
    assert (error.status, error.payload) == (status, body)


def test_a_malformed_platform_header_names_its_type_in_a_header() -> None:
    assert errors.bad_request("x").headers == (("X-Fal-Error-Type", "bad_request"),)


def test_a_body_too_large_is_an_ingress_page_without_request_id() -> None:
    error = errors.body_too_large()
    assert error.status == 413
    assert error.payload == ingress_page(413, "Request Entity Too Large")
    assert (error.content_type, error.has_request_id) == ("text/html", False)


def test_the_ingress_page_is_nginxs_stock_page() -> None:
    assert ingress_page(502, "Bad Gateway") == (
        b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
        b"<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n"
        b"</body>\r\n</html>\r\n"
    )


def test_a_model_error_is_a_detail_list_in_this_order() -> None:
    outcome = model_error(CATALOG["one_of"], loc=("body", "model"), extra={"input": "x"})
    assert outcome.payload == (
        b'{"detail":[{"loc":["body","model"],"msg":"Input should be \'A\' or \'B\'",'
        b'"type":"one_of","ctx":{"expected":["A","B"]},'
        b'"url":"https://docs.fal.ai/errors#one_of","input":"x"}]}'
    )


def test_a_model_error_without_context_has_no_ctx() -> None:
    (item,) = model_error(CATALOG["image_load_error"]).body["detail"]
    assert list(item) == ["loc", "msg", "type", "url"]


def test_every_part_of_a_model_error_can_be_overridden() -> None:
    outcome = model_error(
        CATALOG["file_too_large"],
        message="Too big",
        context={"max_size": 1},
        status=413,
        headers=(("x-a", "b"),),
    )
    (item,) = outcome.body["detail"]
    assert (outcome.status, item["msg"], item["ctx"]) == (413, "Too big", {"max_size": 1})
    assert ("x-a", "b") in outcome.headers


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("content_policy_violation", ()),
        ("generation_timeout", (("X-Fal-Retryable", "true"), ("X-Fal-Needs-Retry", "1"))),
        ("no_media_generated", (("X-Fal-Retryable", "true"), ("X-Fal-Needs-Retry", "1"))),
    ],
)
def test_a_model_error_says_whether_to_retry(
    name: str, headers: tuple[tuple[str, str], ...]
) -> None:
    assert model_error(CATALOG[name]).headers == headers


def test_the_status_reports_a_model_error_by_its_code_only() -> None:
    outcome = model_error(CATALOG["content_policy_violation"])
    assert (outcome.error, outcome.error_type) == ("Invalid status code: 422", None)


def test_a_request_error_is_flat_and_names_its_type_thrice() -> None:
    outcome = request_error(CATALOG["runner_disconnected"])
    assert outcome.status == 503
    assert outcome.payload == (
        b'{"detail":"Runner disconnected","error_type":"runner_disconnected"}'
    )
    assert outcome.headers == (("X-Fal-Error-Type", "runner_disconnected"),)
    assert (outcome.error, outcome.error_type) == ("Runner disconnected", "runner_disconnected")


def test_text_status_and_headers_of_a_request_error_can_be_overridden() -> None:
    outcome = request_error(
        CATALOG["request_timeout"], detail="Too slow", status=500, headers=(("x-a", "b"),)
    )
    assert (outcome.status, outcome.body["detail"], outcome.error) == (500, "Too slow", "Too slow")
    assert outcome.headers[-1] == ("x-a", "b")


@pytest.mark.parametrize("body", [{"a": 1}, b"<html>", [1], "text", None])
def test_a_failed_outcome_encodes_json_and_keeps_bytes(body: Any) -> None:
    expected = body if isinstance(body, bytes) else encode(body)
    assert failed_outcome(500, body).payload == expected


def test_an_outcome_converts_to_an_api_error() -> None:
    outcome = Outcome(
        502, b"page", b"page", (("a", "b"),), content_type="text/html", has_request_id=False
    )
    error = ApiError.from_outcome(outcome)
    assert (error.status, error.payload, error.headers) == (502, b"page", (("a", "b"),))
    assert (error.content_type, error.has_request_id) == ("text/html", False)


def test_a_hint_is_never_in_the_body() -> None:
    error = errors.method_not_allowed("use PUT")
    assert error.hint == "use PUT"
    assert b"PUT" not in error.payload


def test_an_api_error_can_be_raised_and_equals_only_itself() -> None:
    error = errors.not_found()
    with pytest.raises(ApiError) as caught:
        raise error
    assert caught.value is error
    assert errors.not_found() != errors.not_found()


def test_a_locked_account_has_a_space_after_the_colon() -> None:
    spec = CATALOG["exhausted_balance"]
    expected = f'{{"detail": "{spec.message}"}}'.encode()
    outcome = outcome_of(spec)
    assert outcome.payload == ApiError.from_outcome(outcome).payload == expected
