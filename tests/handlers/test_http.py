from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from fakefal.addressing import resolve
from fakefal.handlers.http import Request, endpoint_of, read_call, response_for_error, tenant_of
from fakefal.protocol.core.call import Via
from fakefal.protocol.errors.errors import ApiError, body_too_large, not_found
from tests.building import exchange, make_tenant, scenario
from tests.callers import running_caller

ENDPOINT = endpoint_of("fal-ai/any-llm/vision")


def request(
    body: bytes = b"{}",
    headers: dict[str, str] | None = None,
    query: str = "",
    method: str = "POST",
) -> Request:
    address = resolve(f"/fal-ai/any-llm?{query}", {"host": "queue.fal.run"})
    assert address is not None
    return Request(method, address, address.path, headers or {}, body, None)


def call_error(**fields: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read_call(request(**fields), ENDPOINT, "queue")
    return caught.value


def test_a_call_contains_the_request_without_credentials() -> None:
    headers = {
        "Authorization": "Key id:secret",
        "Cookie": "session=secret",
        "X-Fal-Queue-Priority": "low",
    }
    call = read_call(request(b'{"prompt":"hi"}', headers), ENDPOINT, "queue")
    assert (call.endpoint, call.via, call.input, call.method) == (
        ENDPOINT,
        "queue",
        {"prompt": "hi"},
        "POST",
    )
    assert call.headers == {"x-fal-queue-priority": "low"}
    assert call.validation_errors == ()


@pytest.mark.parametrize(
    ("via", "webhook"), [("queue", "https://a.b/c?d=e"), ("run", None), ("stream", None)]
)
def test_a_webhook_belongs_to_the_queue(via: Via, webhook: str | None) -> None:
    fal_request = request(query="fal_webhook=https%3A%2F%2Fa.b%2Fc%3Fd%3De")
    assert read_call(fal_request, ENDPOINT, via).webhook == webhook


@pytest.mark.parametrize(
    ("body", "offset", "reason"),
    [
        (b'{"a":', 5, "Expecting value"),
        (b"nonsense", 0, "Expecting value"),
        (b"{}x", 2, "Extra data"),
        (b'{"a":NaN}', 0, "expected value at line 1 column 6"),
    ],
)
def test_a_body_that_is_not_json_is_a_validation_error_as_of_fastapi(
    body: bytes, offset: int, reason: str
) -> None:
    call = read_call(request(body), ENDPOINT, "queue")
    (flaw,) = call.validation_errors
    assert call.input is None
    assert flaw["loc"] == ["body", offset]
    assert (flaw["type"], flaw["msg"], flaw["input"]) == ("json_invalid", "JSON decode error", {})
    assert flaw["ctx"] == {"error": reason}


@pytest.mark.parametrize("body", [b"1", b"[]", b"null", b'"x"', b""])
def test_any_json_is_an_input(body: bytes) -> None:
    assert read_call(request(body), ENDPOINT, "queue").validation_errors == ()


@pytest.mark.parametrize("priority", ["high", "", "NORMAL"])
def test_an_unknown_priority_is_a_bad_request(priority: str) -> None:
    error = call_error(headers={"x-fal-queue-priority": priority})
    assert (error.status, error.headers) == (400, (("X-Fal-Error-Type", "bad_request"),))
    assert error.body == {
        "detail": f"Invalid X-Fal-Queue-Priority header: {priority!r}",
        "error_type": "bad_request",
    }


@pytest.mark.parametrize("timeout", ["soon", "", "0.1", "-5", "inf", "nan", "1s"])
def test_an_invalid_timeout_is_a_bad_request(timeout: str) -> None:
    error = call_error(headers={"x-fal-request-timeout": timeout})
    assert (error.status, error.body["error_type"]) == (400, "bad_request")


@pytest.mark.parametrize(
    "headers",
    [
        {"x-fal-queue-priority": "normal"},
        {"x-fal-queue-priority": "low"},
        {"x-fal-request-timeout": "5"},
        {"x-fal-request-timeout": "5.0"},
        {"x-fal-request-timeout": "0.11"},
        {"x-fal-unknown": "anything"},
    ],
)
def test_valid_platform_headers_become_options_of_the_call(headers: dict[str, str]) -> None:
    assert read_call(request(headers=headers), ENDPOINT, "queue").headers == headers


def test_the_last_of_repeated_parameters_counts() -> None:
    fal_request = request(query="a=1&b=&a=2")
    assert [fal_request.parameter(name) for name in "abc"] == ["2", "", None]
    assert request().parameter("a") is None


def test_a_get_has_its_parameters_as_input() -> None:
    call = read_call(request(query="prompt=hi%20there&n=", method="GET"), ENDPOINT, "run")
    assert call.input == {"prompt": "hi there", "n": ""}


def test_without_a_tenant_the_401_names_the_app() -> None:
    with pytest.raises(ApiError, match="401") as caught:
        tenant_of(request(), ENDPOINT)
    assert '"fal-ai/any-llm"' in caught.value.body["detail"]


def test_the_tenant_of_a_request_is_returned() -> None:
    tenant = make_tenant()
    anonymous = request()
    authorized = Request(
        anonymous.method,
        anonymous.address,
        anonymous.path,
        anonymous.headers,
        anonymous.body,
        tenant,
    )
    assert tenant_of(authorized, ENDPOINT) is tenant


@pytest.mark.parametrize("text", ["any-llm", "/x/", ""])
@pytest.mark.parametrize(("host", "body"), [("queue.fal.run", b""), ("fal.run", b"404: Not Found")])
def test_an_invalid_endpoint_is_a_404_of_the_host(text: str, host: str, body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        endpoint_of(text, host)
    assert (caught.value.status, caught.value.body) == (404, body)


def test_an_api_error_becomes_a_response() -> None:
    error = not_found()
    error.request_id, error.billable_units, error.hint = "id-1", 0, "our hint"
    answer = response_for_error(error)
    assert (answer.status, answer.payload, answer.content_type) == (
        404,
        b'{"status":"NOT_FOUND"}',
        "application/json",
    )
    assert answer.headers == (("x-fakefal-hint", "our hint"),)
    assert (answer.request_id, answer.billable_units) == ("id-1", 0)


def test_an_ingress_page_has_no_id() -> None:
    error = body_too_large()
    error.request_id = "id-1"
    answer = response_for_error(error)
    assert (answer.request_id, answer.content_type) == ("", "text/html")
    assert answer.payload == error.body


# Headers that are left out


async def test_a_reply_leaves_out_a_header() -> None:
    reply = {"text": "x", "headers": {"x-fal-billable-units": None, "X-A": "b"}, "timeline": []}
    async with running_caller(scenario(exchange(reply))) as caller:
        id_ = await caller.submit()
        response = await caller.request("GET", f"/fal-ai/any-llm/requests/{id_}")
        assert response.status == 200
        assert "x-fal-billable-units" not in response.headers
        assert response.headers["X-A"] == "b"


async def test_a_fault_leaves_out_the_request_id() -> None:
    fault = {"status": 503, "body": "nginx", "headers": {"x-fal-request-id": None}}
    reply = {"text": "x", "faults": {"submit": [fault]}}
    async with running_caller(scenario(exchange(reply))) as caller:
        response = await caller.request("POST", "/fal-ai/any-llm", json={"prompt": "hi"})
        assert response.status == 503
        assert "x-fal-request-id" not in response.headers


async def test_units_keep_their_form() -> None:
    for units, text in ((1, "1"), (1.0, "1.0"), (8.44, "8.44")):
        reply = {"text": "x", "billable_units": units, "timeline": []}
        async with running_caller(scenario(exchange(reply))) as caller:
            id_ = await caller.submit()
            response = await caller.request("GET", f"/fal-ai/any-llm/requests/{id_}")
            assert response.headers["x-fal-billable-units"] == text


# The headers of a result


async def test_a_result_has_the_headers_that_were_recorded_at_a_time() -> None:
    old = ["x-fal-served-from", "x-robots-tag", "strict-transport-security"]
    new = [*old, "access-control-allow-credentials", "vary"]
    for options, expected in (
        ({}, new),
        ({"profile": "2026-04"}, old),
        ({"result_headers": "none"}, []),
    ):
        async with running_caller(scenario(exchange({"text": "x"}), **options)) as caller:
            runs = [
                await caller.request(
                    "POST", "/fal-ai/any-llm", host="fal.run", json={"prompt": "a"}
                )
                for _ in range(2)
            ]
            others = set(new) & {name.lower() for name in runs[0].headers}
            assert others == set(expected), options
            if expected:
                runners = [UUID(run.headers["x-fal-served-from"]) for run in runs]
                assert [runner.version for runner in runners] == [4, 4]
            id_ = await caller.submit()
            status = await caller.request("GET", f"/fal-ai/any-llm/requests/{id_}/status")
            assert not set(new) & {name.lower() for name in status.headers}


async def test_browsers_get_each_cors_header_of_a_result_once() -> None:
    async with running_caller(scenario(exchange({"text": "x"}))) as caller:
        response = await caller.request(
            "POST",
            "/fal-ai/any-llm",
            host="fal.run",
            json={"prompt": "a"},
            headers={"Origin": "https://app.example"},
        )
        assert response.headers.getall("Access-Control-Allow-Credentials") == ["true"]
        assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_hsts_is_not_sent_to_localhost_and_a_reply_overrides_a_header() -> None:
    reply = {"text": "x", "headers": {"X-Robots-Tag": None, "x-fal-served-from": "mine"}}
    async with running_caller(scenario(exchange(reply))) as caller:
        path = "/fal.run/fal-ai/any-llm"
        response = await caller.request("POST", path, host=None, json={"prompt": "a"})
        assert response.headers.getall("x-fal-served-from") == ["mine"]
        assert not {"x-robots-tag", "strict-transport-security"} & response.headers.keys()
