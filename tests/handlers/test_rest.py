"""rest.fal.ai over HTTP: where uploads begin, and tokens (protocol.md sections 9, 10)."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import jwt
import pytest

from fakefal.engine.controls import Controls
from fakefal.engine.core.clock import START
from tests.building import ANY_LLM, exchange, scenario
from tests.callers import KEY, RUN, Caller, running_caller
from tests.handlers.storing import REST, UPLOAD, initiate_upload

ALPHA = "rest.alpha.fal.ai"
GRANT = {"allowed_apps": ["any-llm"], "token_expiration": 120}


def controls(caller: Caller) -> Controls:
    return caller.server.controls(KEY)


async def granted(caller: Caller, body: Any = None, path: str = "/tokens/", **more: Any) -> str:
    heard = await caller.request(
        "POST", path, host=REST, json=GRANT if body is None else body, **more
    )
    assert heard.status == 200, heard.body
    return str(heard.json)


async def streamed(caller: Caller, token: str, endpoint: str = ANY_LLM) -> int:
    path = f"/{endpoint}/stream?fal_jwt_token={token}"
    return (await caller.request("POST", path, host=RUN, key=None, json={"prompt": "x"})).status


@pytest.mark.parametrize("host", [REST, ALPHA])
@pytest.mark.parametrize(
    "path",
    [
        "/storage/upload/initiate",
        "/storage/upload/initiate-multipart",
        "/storage/auth/token",
        "/tokens/",
        "/tokens/realtime",
    ],
)
async def test_without_a_key_nothing_begins(host: str, path: str) -> None:
    async with running_caller() as caller:
        heard = await caller.request("POST", path, host=host, key=None, json={**UPLOAD, **GRANT})
        assert (heard.status, heard.json) == (401, {"detail": "Authorization header is required"})
        assert (
            await caller.request("POST", path, host=host, json={**UPLOAD, **GRANT})
        ).status == 200
        assert (await caller.request("GET", path, host=host)).status == 405


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("?storage_type=fal-cdn-v3", 200),
        ("?storage_type=gcs", 200),
        ("?storage_type=s3", 400),
    ],
)
async def test_a_storage_type_is_one_of_a_few(query: str, status: int) -> None:
    async with running_caller() as caller:
        path = f"/storage/upload/initiate{query}"
        heard = await caller.request("POST", path, host=REST, json=UPLOAD)
        assert heard.status == status
        if status == 400:
            assert heard.json == {"detail": "Invalid storage type"}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"{}", ["file_name", "content_type"]),
        (b'{"file_name": "a"}', ["content_type"]),
        (b'{"file_name": 1, "content_type": "a/b"}', ["file_name"]),
        (b"nonsense", []),
        (b"[]", []),
    ],
)
async def test_a_start_that_lacks_something_is_a_422(body: bytes, fields: list[str]) -> None:
    async with running_caller() as caller:
        heard = await caller.request("POST", "/storage/upload/initiate", host=REST, data=body)
        assert heard.status == 422
        assert [it["loc"][1] for it in heard.json["detail"] if len(it["loc"]) > 1] == fields


async def test_a_malformed_lifecycle_is_a_bad_request() -> None:
    async with running_caller() as caller:
        headers = {"X-Fal-Object-Lifecycle": '{"expiration_duration_seconds": "soon"}'}
        path = "/storage/upload/initiate"
        heard = await caller.request("POST", path, host=REST, json=UPLOAD, headers=headers)
        assert (heard.status, heard.json["error_type"]) == (400, "bad_request")


async def test_a_storage_token_tells_its_end_as_old_pythons_read_it() -> None:
    async with running_caller() as caller:
        asked = {"expiration_seconds": 3600}
        heard = await caller.request("POST", "/storage/auth/token", host=REST, json=asked)
        found = heard.json
        assert list(found) == ["token", "token_type", "base_url", "expires_at"]
        assert found["expires_at"] == "2026-01-01T01:00:00.000000+00:00"
        assert datetime.fromisoformat(found["expires_at"]).tzinfo == timezone.utc
        assert (found["token_type"], found["base_url"]) == ("Bearer", "https://v3.fal.media")
        by_base = await caller.request("POST", f"/{REST}/storage/auth/token", host=None)
        assert by_base.json["base_url"] == f"{caller.server.url}/v3.fal.media"


@pytest.mark.parametrize("seconds", [0, -1, "x", True, 31 * 86_400])
async def test_a_token_for_no_time_is_a_422(seconds: Any) -> None:
    async with running_caller() as caller:
        asked = {"expiration_seconds": seconds}
        heard = await caller.request("POST", "/storage/auth/token", host=REST, json=asked)
        assert heard.status == 422


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/tokens/", GRANT),
        ("/tokens", {"allowed_apps": ["any-llm"]}),
        ("/tokens/realtime", {"allowed_apps": ["fal-ai/any-llm"], "duration": 120}),
        ("/tokens/realtime", {"app": "fal-ai/any-llm/realtime", "duration": 120}),
    ],
)
async def test_a_token_is_a_real_jwt_and_opens_streams(path: str, body: Any) -> None:
    async with running_caller(scenario(exchange())) as caller:
        token = await granted(caller, body, path)
        claims = jwt.decode(token, options={"verify_signature": False})
        assert claims["allowed_apps"] == ["any-llm"]
        assert (claims["iat"], claims["exp"]) == (START, START + 120)
        assert KEY not in str(claims)
        assert await streamed(caller, token) == 200
        assert await streamed(caller, token, "fal-ai/other") == 403
        assert controls(caller).calls()[-1].via == "stream"


@pytest.mark.parametrize("body", [{}, {"allowed_apps": []}, {"allowed_apps": [1]}, {"app": "/"}])
async def test_a_token_for_no_app_is_a_422(body: Any) -> None:
    async with running_caller() as caller:
        assert (
            await caller.request("POST", "/tokens/realtime", host=REST, json=body)
        ).status == 422


async def test_a_token_opens_a_status_stream() -> None:
    async with running_caller(scenario(exchange())) as caller:
        id_ = await caller.submit()
        token = await granted(caller)
        path = f"/{ANY_LLM}/requests/{id_}/status/stream?fal_jwt_token={token}"
        heard = await caller.request("GET", path, key=None)
        assert heard.status == 200
        assert b"COMPLETED" in heard.body
        assert (await caller.request("GET", path.partition("?")[0], key=None)).status == 404


async def test_tokens_that_are_not_good_open_nothing() -> None:
    async with running_caller(scenario(exchange())) as caller:
        token = await granted(caller)
        head, claims, _ = token.split(".")
        forged = jwt.encode(jwt.decode(token, options={"verify_signature": False}), "x" * 32)
        foreign = jwt.encode({"sub": "somebody", "exp": 1e12}, "x" * 32)
        storage = await caller.request("POST", "/storage/auth/token", host=REST)
        unsigned = f"{head}.{claims}."
        for wrong in (forged, foreign, storage.json["token"], unsigned, "nonsense", "a.b.c", ""):
            assert await streamed(caller, wrong) == 401
        controls(caller).advance("119s")
        assert await streamed(caller, token) == 200
        controls(caller).advance("1s")
        assert await streamed(caller, token) == 401


async def test_the_journal_tells_of_uploads_and_tokens_without_secrets() -> None:
    async with running_caller() as caller:
        token = await granted(caller)
        await initiate_upload(caller)
        entries = controls(caller).journal()
        assert [entry["kind"] for entry in entries] == ["token", "upload"]
        assert entries[0]["note"] == "for any-llm, 120 seconds"
        assert token not in str(entries)


async def test_a_borne_token_is_good_for_its_apps_alone() -> None:
    async with running_caller(scenario(exchange())) as caller:
        headers = {"Authorization": f"Bearer {await granted(caller)}"}
        asks = {"key": None, "headers": headers}
        job = (await caller.request("POST", "/fal-ai/any-llm", json={"prompt": "a"})).json
        path = f"/fal-ai/any-llm/requests/{job['request_id']}"
        assert (await caller.request("GET", f"{path}/status", **asks)).status == 202
        for method, path in (
            ("POST", "/fal-ai/flux"),
            ("GET", "/fal-ai/flux/requests/none"),
            ("PUT", "/fal-ai/flux/requests/none/cancel"),
        ):
            heard = await caller.request(method, path, **asks)
            assert heard.status == 403
            assert heard.json["detail"].startswith('Cannot access application "fal-ai/flux"')


async def test_a_token_may_be_borne_in_place_of_a_key() -> None:
    async with running_caller(scenario(exchange()), keys=frozenset({KEY})) as caller:
        headers = {"Authorization": f"Bearer {await granted(caller)}"}
        assert (await caller.run(key=None, headers=headers)).status == 200
        assert len(caller.server.engine.tenants) == 1
        foreign = {"Authorization": f"Bearer {jwt.encode({'iss': 'auth0'}, 'x' * 32)}"}
        assert (await caller.run(key=None, headers=foreign)).status == 401
        controls(caller).advance("2m")
        heard = await caller.run(key=None, headers=headers)
        assert (heard.status, heard.json) == (401, {"detail": "Unauthorized"})
        controls(caller).reset()
        caller.server.engine.drop(KEY)
        assert (await caller.run(key=None, headers=headers)).status == 401


@pytest.mark.parametrize("faults", [{}, {"token": [500]}, {"token": [{"delay": 0}]}])
async def test_every_answer_of_the_platform_has_a_request_id(faults: dict[str, Any]) -> None:
    async with running_caller({**scenario(exchange()), "faults": faults}) as caller:
        body = {"allowed_apps": ["any-llm"]}
        heard = [await caller.request("POST", "/tokens/", host=REST, json=body) for _ in range(2)]
        assert [it.status for it in heard] == [500 if faults.get("token") == [500] else 200, 200]
        ids = {it.headers["x-fal-request-id"] for it in heard}
        assert len(ids) == 1
        assert len(ids.pop()) == 36
