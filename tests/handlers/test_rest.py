"""rest.fal.ai over HTTP: starts of uploads, and tokens."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import jwt
import pytest

from fakefal.engine.controls import Controls
from fakefal.engine.core.clock import START
from tests.building import ANY_LLM, exchange, scenario
from tests.callers import KEY, RUN, Caller, running_caller
from tests.handlers.upload_requests import REST, UPLOAD, initiate_upload

ALPHA = "rest.alpha.fal.ai"
GRANT = {"allowed_apps": ["any-llm"], "token_expiration": 120}


def controls(caller: Caller) -> Controls:
    return caller.server.controls(KEY)


async def app_token(
    caller: Caller, body: Any = None, path: str = "/tokens/", **options: Any
) -> str:
    response = await caller.request(
        "POST", path, host=REST, json=GRANT if body is None else body, **options
    )
    assert response.status == 200, response.body
    return str(response.json)


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
async def test_nothing_starts_without_a_key(host: str, path: str) -> None:
    async with running_caller() as caller:
        response = await caller.request("POST", path, host=host, key=None, json={**UPLOAD, **GRANT})
        assert (response.status, response.json) == (
            401,
            {"detail": "Authorization header is required"},
        )
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
async def test_unknown_storage_types_are_rejected(query: str, status: int) -> None:
    async with running_caller() as caller:
        path = f"/storage/upload/initiate{query}"
        response = await caller.request("POST", path, host=REST, json=UPLOAD)
        assert response.status == status
        if status == 400:
            assert response.json == {"detail": "Invalid storage type"}


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
async def test_an_initiate_with_missing_fields_is_a_422(body: bytes, fields: list[str]) -> None:
    async with running_caller() as caller:
        response = await caller.request("POST", "/storage/upload/initiate", host=REST, data=body)
        assert response.status == 422
        assert [
            item["loc"][1] for item in response.json["detail"] if len(item["loc"]) > 1
        ] == fields


async def test_a_malformed_lifecycle_is_a_bad_request() -> None:
    async with running_caller() as caller:
        headers = {"X-Fal-Object-Lifecycle": '{"expiration_duration_seconds": "soon"}'}
        path = "/storage/upload/initiate"
        response = await caller.request("POST", path, host=REST, json=UPLOAD, headers=headers)
        assert (response.status, response.json["error_type"]) == (400, "bad_request")


async def test_the_expiry_of_a_storage_token_parses_in_old_pythons() -> None:
    async with running_caller(scenario(exchange(), token_times="clock")) as caller:
        body = {"expiration_seconds": 3600}
        response = await caller.request("POST", "/storage/auth/token", host=REST, json=body)
        token = response.json
        assert list(token) == ["token", "token_type", "base_url", "expires_at"]
        assert token["expires_at"] == "2026-01-01T01:00:00.000000+00:00"
        assert datetime.fromisoformat(token["expires_at"]).tzinfo == timezone.utc
        assert (token["token_type"], token["base_url"]) == ("Bearer", "https://v3.fal.media")
        by_base = await caller.request("POST", f"/{REST}/storage/auth/token", host=None)
        assert by_base.json["base_url"] == f"{caller.server.url}/v3.fal.media"


@pytest.mark.parametrize("seconds", [0, -1, "x", True, 31 * 86_400])
async def test_an_invalid_duration_is_a_422(seconds: Any) -> None:
    async with running_caller() as caller:
        body = {"expiration_seconds": seconds}
        response = await caller.request("POST", "/storage/auth/token", host=REST, json=body)
        assert response.status == 422


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
    async with running_caller(scenario(exchange(), token_times="clock")) as caller:
        token = await app_token(caller, body, path)
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
        token = await app_token(caller)
        path = f"/{ANY_LLM}/requests/{id_}/status/stream?fal_jwt_token={token}"
        response = await caller.request("GET", path, key=None)
        assert response.status == 200
        assert b"COMPLETED" in response.body
        assert (await caller.request("GET", path.partition("?")[0], key=None)).status == 404


async def test_invalid_tokens_open_nothing() -> None:
    async with running_caller(scenario(exchange())) as caller:
        token = await app_token(caller)
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


async def test_the_journal_lists_uploads_and_tokens_without_secrets() -> None:
    async with running_caller() as caller:
        token = await app_token(caller)
        await initiate_upload(caller)
        entries = controls(caller).journal()
        assert [entry["kind"] for entry in entries] == ["token", "upload"]
        assert entries[0]["note"] == "for any-llm, 120 seconds"
        assert token not in str(entries)


async def test_a_bearer_token_is_valid_only_for_its_apps() -> None:
    async with running_caller(scenario(exchange())) as caller:
        headers = {"Authorization": f"Bearer {await app_token(caller)}"}
        asks = {"key": None, "headers": headers}
        job = (await caller.request("POST", "/fal-ai/any-llm", json={"prompt": "a"})).json
        path = f"/fal-ai/any-llm/requests/{job['request_id']}"
        assert (await caller.request("GET", f"{path}/status", **asks)).status == 202
        for method, path in (
            ("POST", "/fal-ai/flux"),
            ("GET", "/fal-ai/flux/requests/none"),
            ("PUT", "/fal-ai/flux/requests/none/cancel"),
        ):
            response = await caller.request(method, path, **asks)
            assert response.status == 403
            assert response.json["detail"].startswith('Cannot access application "fal-ai/flux"')


async def test_a_bearer_token_may_replace_a_key() -> None:
    async with running_caller(scenario(exchange()), keys=frozenset({KEY})) as caller:
        headers = {"Authorization": f"Bearer {await app_token(caller)}"}
        assert (await caller.run(key=None, headers=headers)).status == 200
        assert len(caller.server.engine.tenants) == 1
        foreign = {"Authorization": f"Bearer {jwt.encode({'iss': 'auth0'}, 'x' * 32)}"}
        assert (await caller.run(key=None, headers=foreign)).status == 401
        controls(caller).advance("2m")
        response = await caller.run(key=None, headers=headers)
        assert (response.status, response.json) == (401, {"detail": "Unauthorized"})
        controls(caller).reset()
        caller.server.engine.drop(KEY)
        assert (await caller.run(key=None, headers=headers)).status == 401


@pytest.mark.parametrize("faults", [{}, {"token": [500]}, {"token": [{"delay": 0}]}])
async def test_every_answer_of_the_platform_has_a_request_id(faults: dict[str, Any]) -> None:
    async with running_caller({**scenario(exchange()), "faults": faults}) as caller:
        body = {"allowed_apps": ["any-llm"]}
        responses = [
            await caller.request("POST", "/tokens/", host=REST, json=body) for _ in range(2)
        ]
        assert [response.status for response in responses] == [
            500 if faults.get("token") == [500] else 200,
            200,
        ]
        ids = {response.headers["x-fal-request-id"] for response in responses}
        assert len(ids) == 1
        assert len(ids.pop()) == 36
