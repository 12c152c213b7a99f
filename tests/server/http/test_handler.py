"""What the handler does for every request: addresses, limits, browsers, odd HTTP, failures."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from fakefal.addressing import NO_HOST_MESSAGE
from fakefal.protocol.core.headers import Credential
from fakefal.settings import Limits
from tests.building import exchange, scenario, timeline
from tests.callers import KEY, RUN, Caller, running_caller, send_bytes, wait_until, within_limit

APP = "/fal-ai/any-llm"
OUTPUT = b'{"output":"Ship it.","reasoning":null,"partial":false,"error":null}'
SCENARIO = scenario(exchange())


def http(
    body: bytes = b"", *headers: str, request_line: str = "POST /fal-ai/any-llm HTTP/1.1"
) -> bytes:
    """A request as bytes; the connection is closed after the response."""
    all_headers = ("Authorization: Key id:secret", "Connection: close", *headers)
    return "\r\n".join((request_line, *all_headers, "", "")).encode() + body


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", {}),
        ("POST", APP, {}),
        ("POST", "/example.com/x", {}),
        ("POST", APP, {"Host": "example.com"}),
        ("OPTIONS", APP, {}),
    ],
)
async def test_a_request_without_a_fal_host_is_a_404_with_instructions(
    method: str, path: str, headers: dict[str, str]
) -> None:
    async with running_caller() as caller:
        response = await caller.request(method, path, host=None, headers=headers)
        assert (response.status, response.json) == (404, {"detail": NO_HOST_MESSAGE})
        assert "x-fal-request-id" not in response.headers


async def test_a_host_that_is_not_served_is_a_404_with_a_hint() -> None:
    async with running_caller() as caller:
        response = await caller.request("POST", "/v1/keys", host="auth.fal.ai", json={})
        assert response.status == 404
        assert response.json["detail"].startswith("no route for POST auth.fal.ai/v1/keys; none is")
        assert response.headers["x-fakefal-hint"] == "miss"


# Bodies


async def test_a_body_over_the_limit_is_the_page_of_the_ingress() -> None:
    async with running_caller(SCENARIO, limits=Limits(body_bytes=100)) as caller:
        response = await caller.run(json={"prompt": "x" * 100})
        assert response.status == 413
        assert response.headers["Content-Type"] == "text/html"
        assert "x-fal-request-id" not in response.headers
        assert response.body == (
            b"<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n"
            b"<center><h1>413 Request Entity Too Large</h1></center>\r\n<hr><center>nginx</center>"
            b"\r\n</body>\r\n</html>\r\n"
        )
        assert (await caller.run(json={"prompt": "x" * 10})).status == 200


async def test_a_body_in_chunks_is_read_whole() -> None:
    async with running_caller(SCENARIO) as caller:
        chunks = b'7\r\n{"promp\r\n8\r\nt":"hi"}\r\n0\r\n\r\n'
        received = await send_bytes(
            caller.server, http(chunks, "Host: fal.run", "Transfer-Encoding: chunked")
        )
        assert received.startswith(b"HTTP/1.1 200 OK\r\n")
        assert received.endswith(OUTPUT)


async def test_expect_100_continue_gets_a_100() -> None:
    async with running_caller(SCENARIO) as caller:
        reader, writer = await asyncio.open_connection(caller.server.host, caller.server.port)
        writer.write(http(b"", "Host: fal.run", "Expect: 100-continue", "Content-Length: 15"))
        interim = await within_limit(reader.readuntil(b"\r\n\r\n"))
        assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b'{"prompt":"hi"}')
        received = await within_limit(reader.read())
        assert received.startswith(b"HTTP/1.1 200 OK\r\n")
        assert received.endswith(OUTPUT)
        writer.close()
        await writer.wait_closed()


async def test_a_body_that_cannot_be_unpacked_is_a_400(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "fakefal.http")
    async with running_caller(SCENARIO) as caller:
        packed = http(b"nonsense", "Host: fal.run", "Content-Encoding: gzip", "Content-Length: 8")
        received = await send_bytes(caller.server, packed)
        assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert received.endswith(b'{"detail":"There was an error parsing the body"}')


# HTTP/1.0 and odd targets


async def test_http_1_0_without_a_host_is_answered_with_links_to_the_server_itself() -> None:
    async with running_caller(SCENARIO) as caller:
        request_line = "POST /queue.fal.run/fal-ai/any-llm HTTP/1.0"
        received = await send_bytes(
            caller.server, http(b'{"prompt":"hi"}', "Content-Length: 15", request_line=request_line)
        )
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.0 200 OK\r\n")
        url = json.loads(body)["status_url"]
        assert url.startswith(f"{caller.server.url}/queue.fal.run/fal-ai/any-llm/requests/")


async def test_http_1_0_gets_a_stream_that_ends_with_the_connection() -> None:
    async with running_caller(SCENARIO) as caller:
        request_line = "POST /fal.run/fal-ai/any-llm/stream HTTP/1.0"
        received = await send_bytes(
            caller.server, http(b'{"prompt":"hi"}', "Content-Length: 15", request_line=request_line)
        )
        head, _, body = received.partition(b"\r\n\r\n")
        assert b"chunked" not in head
        assert body.startswith(b"event: event\r\ndata: ")
        assert body.endswith(b'"partial":false,"error":null}\r\n\r\n')


async def test_a_target_may_be_long() -> None:
    async with running_caller(SCENARIO) as caller:
        url = f"https://fal.run{APP}?pad={'x' * 20_000}"
        proxied = await caller.request(
            "POST", "/", host=None, headers={"x-fal-target-url": url}, json={"prompt": "hi"}
        )
        run = await caller.run(f"fal-ai/any-llm?pad={'x' * 20_000}")
        assert (proxied.body, run.body) == (OUTPUT, OUTPUT)


async def test_a_call_is_cancelled_when_its_caller_leaves() -> None:
    endless = scenario(timeline({"IN_PROGRESS": {"forever": True}}))
    async with running_caller(endless) as caller:
        run = asyncio.create_task(caller.run())
        await wait_until(
            lambda: any(tenant.clock._waiters for tenant in caller.server.engine.tenants)
        )
        run.cancel()
        await wait_until(
            lambda: not any(tenant.clock._waiters for tenant in caller.server.engine.tenants)
        )
        assert journal_text(caller) == "[]"


async def test_paths_may_be_percent_encoded() -> None:
    async with running_caller(SCENARIO) as caller:
        response = await caller.request(
            "POST", "/fal%2Dai/any%2dllm", host=RUN, json={"prompt": "hi"}
        )
        assert response.body == OUTPUT


# Browsers

ORIGIN = {"Origin": "https://app.example"}


@pytest.mark.parametrize("path", [APP, f"{APP}/stream"])
async def test_a_page_may_read_responses_and_their_fal_headers(path: str) -> None:
    async with running_caller(SCENARIO) as caller:
        response = await caller.request(
            "POST", path, host=RUN, headers=ORIGIN, json={"prompt": "hi"}
        )
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Access-Control-Allow-Credentials"] == "true"
        exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
        assert {"x-fal-request-id", "x-fal-billable-units", "X-Fal-Error-Type"} <= set(exposed)


async def test_a_page_may_read_failures_too() -> None:
    async with running_caller() as caller:
        response = await caller.request("POST", APP, key=None, headers=ORIGIN)
        assert response.status == 401
        assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_without_an_origin_there_are_no_cors_headers() -> None:
    async with running_caller(SCENARIO) as caller:
        response = await caller.run()
        cors = [name.lower() for name in response.headers if name.lower().startswith("access-c")]
        assert cors == ["access-control-allow-credentials"]  # recorded on results


@pytest.mark.parametrize("host", ["queue.fal.run", "fal.run", "rest.fal.ai"])
async def test_a_preflight_allows_everything_it_requests(host: str) -> None:
    async with running_caller() as caller:
        headers = {
            **ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,x-fal-queue-priority",
        }
        response = await caller.request("OPTIONS", APP, host=host, key=None, headers=headers)
        assert response.status == 200
        expected = {
            "Access-Control-Allow-Origin": "https://app.example",
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Allow-Methods": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
            "Access-Control-Allow-Headers": "authorization,content-type,x-fal-queue-priority",
            "Access-Control-Max-Age": "600",
            "Vary": "Origin",
        }
        assert {name: response.headers.getall(name) for name in expected} == {
            name: [value] for name, value in expected.items()
        }


async def test_a_preflight_to_the_proxy_comes_without_the_target() -> None:
    async with running_caller(SCENARIO) as caller:
        names = "x-fal-target-url,authorization"
        headers = {
            **ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": names,
        }
        for path in ("/api/fal/proxy", "/"):
            response = await caller.request("OPTIONS", path, host=None, key=None, headers=headers)
            assert response.status == 200
            assert response.headers["Access-Control-Allow-Headers"] == names
        target = {**ORIGIN, "x-fal-target-url": f"https://fal.run{APP}"}
        response = await caller.request(
            "POST", "/api/fal/proxy", host=None, headers=target, json={"prompt": "hi"}
        )
        assert response.status == 200
        assert response.headers.getall("Access-Control-Allow-Origin") == ["*"]


async def test_scripted_cors_headers_are_not_sent_twice() -> None:
    headers = {"access-control-allow-origin": "https://app.example"}
    async with running_caller(scenario(exchange({"text": "x", "headers": headers}))) as caller:
        for path in (APP, f"{APP}/stream"):
            response = await caller.request(
                "POST", path, host=RUN, headers=ORIGIN, json={"prompt": "hi"}
            )
            assert response.headers.getall("Access-Control-Allow-Origin") == ["https://app.example"]


async def test_options_without_a_preflight_is_a_405() -> None:
    async with running_caller() as caller:
        assert (await caller.request("OPTIONS", APP, headers=ORIGIN)).status == 405


async def test_a_page_of_another_origin_may_not_use_the_control_api() -> None:
    async with running_caller() as caller:
        headers = {**ORIGIN, "Access-Control-Request-Method": "POST"}
        response = await caller.request("OPTIONS", "/_fakefal/reset", host=None, headers=headers)
        assert response.status == 403
        assert "Access-Control-Allow-Methods" not in response.headers


# Responses


@pytest.mark.parametrize(
    ("status", "reason"),
    [(404, "Not Found"), (422, "Unprocessable Entity"), (499, "Client Closed Request"),
     (418, "I'm a Teapot"), (520, "Unknown Status"), (599, "Unknown Status")],
)  # fmt: skip
async def test_no_reason_phrase_is_empty(status: int, reason: str) -> None:
    async with running_caller(scenario(exchange({"fail": {"status": status}}))) as caller:
        assert (await caller.run()).reason.lower() == reason.lower()


async def test_line_breaks_from_a_template_are_removed_from_headers() -> None:
    reply = {"text": "x", "headers": {"x-said": "{{ input.prompt }}"}}
    async with running_caller(scenario(exchange(reply))) as caller:
        response = await caller.run(json={"prompt": "a\r\nx-forged:\0b"})
        assert (response.status, response.headers["x-said"]) == (200, "a x-forged: b")
        assert "x-forged" not in response.headers


async def test_headers_of_the_scenario_override_the_default_ones() -> None:
    reply = {"output": {}, "headers": {"Content-Type": "application/x-json", "X-A": "é"}}
    async with running_caller(scenario(exchange(reply))) as caller:
        response = await caller.run()
        assert response.headers.getall("Content-Type") == ["application/x-json"]
        assert response.headers["X-A"] == "é"


async def test_an_error_in_fakefal_is_a_500_that_says_so_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("our fault")

    async with running_caller(SCENARIO) as caller:
        caller.server.engine.add_listener(fail)
        response = await caller.run()
        assert (response.status, response.body) == (500, b'{"detail":"Internal Server Error"}')
        assert "error in fakefal" in response.headers["x-fakefal-hint"]
    assert "our fault" in caplog.text


# Secrets


def journal_text(caller: Caller) -> str:
    """The whole journal of the key, as text."""
    tenant = caller.server.engine.tenant_for(Credential("key", KEY))
    return json.dumps([entry.body() for entry in tenant.journal])


SECRETS = {
    "Cookie": "session=5ecret",
    "Proxy-Authorization": "Basic 5ecret",
    "X-Fal-Key": "5ecret",
    "X-Api-Key": "5ecret",
    "x-fal-cdn-token": "5ecret",
    "x-fal-target-url": "https://fal.run/fal-ai/any-llm?a=b&fal_jwt_token=5ecret&c=d",
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("answered", [True, False])
async def test_no_credential_gets_into_the_journal(name: str, answered: bool) -> None:
    when = {} if answered else {"headers": {"x-no": "match"}}
    async with running_caller(scenario(exchange(when=when))) as caller:
        headers = {name: SECRETS[name], "X-Kept": "1"}
        response = await caller.run(headers=headers)
        assert response.status == (200 if answered else 404)
        assert '"x-kept": "1"' in journal_text(caller)
        assert "5ecret" not in journal_text(caller)
        assert "id:secret" not in journal_text(caller)


async def test_control_requests_go_to_the_control_api() -> None:
    async with running_caller() as caller:
        response = await caller.request("GET", "/_fakefal/health", host=None, key=None)
        assert (response.status, response.json) == (200, {"status": "ok"})
