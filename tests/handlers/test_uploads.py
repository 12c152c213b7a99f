"""Uploads over HTTP: whole, presigned, and in parts (docs/reference/storage.md)."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from typing import Any

import pytest

from fakefal.engine.controls import Controls
from fakefal.settings import Limits
from tests.building import scenario
from tests.callers import KEY, Caller, running_caller, send_bytes
from tests.handlers.upload_requests import (
    FIRST,
    REST,
    V3,
    V3B,
    bearer_header,
    initiate_upload,
    request_url,
    upload_file,
)


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def controls(caller: Caller) -> Controls:
    return caller.server.controls(KEY)


async def multipart(caller: Caller, upload_headers: dict[str, str]) -> tuple[str, str]:
    """Start an upload in parts as the Python client: its base URL, and the file's URL."""
    headers = {**upload_headers, "X-Fal-File-Name": "film.mp4", "Content-Type": "video/mp4"}
    response = await caller.request(
        "POST", "/files/upload/multipart", host=V3, key=None, headers=headers
    )
    url = response.json["access_url"]
    return f"{url}/multipart/{response.json['uploadId']}", url


# Whole


async def test_an_upload_with_a_token_gives_the_url_of_the_file() -> None:
    async with running_caller() as caller:
        url = await upload_file(caller, b"\x89PNG", **{"X-Fal-File-Name": "my cat (1).png"})
        assert url.startswith("https://v3.fal.media/files/")
        assert url.endswith("_my_cat_1_.png")
        response = await request_url(caller, "GET", url)
        assert (response.status, response.body) == (200, b"\x89PNG")
        assert response.headers["Content-Type"] == "image/png"
        (file,) = controls(caller).files()
        assert (file.name, file.size, file.origin) == ("my cat (1).png", 4, "upload")
        assert file.read() == b"\x89PNG"


async def test_an_upload_without_name_and_type_gets_defaults() -> None:
    async with running_caller() as caller:
        headers = await bearer_header(caller)
        response = await caller.request("POST", "/files/upload", host=V3, key=None, headers=headers)
        assert response.json["access_url"].endswith("_upload.bin")
        read = await request_url(caller, "GET", response.json["access_url"])
        assert read.headers["Content-Type"] == "application/octet-stream"
        assert (read.status, read.body) == (200, b"")


@pytest.mark.parametrize(
    ("host", "key", "headers", "status"),
    [
        (V3, None, {}, 401),
        (V3, KEY, {}, 401),
        (FIRST, KEY, {}, 200),
        (V3, None, {"Authorization": "Bearer nonsense"}, 401),
        (V3, None, {"Authorization": "Bearer a.b.c"}, 401),
    ],
)
async def test_who_may_upload_where(
    host: str, key: str | None, headers: dict[str, str], status: int
) -> None:
    async with running_caller() as caller:
        response = await caller.request(
            "POST", "/files/upload", host=host, key=key, headers=headers, data=b"x"
        )
        assert response.status == status


async def test_an_expired_token_uploads_nothing() -> None:
    async with running_caller() as caller:
        headers = await bearer_header(caller)
        controls(caller).advance("25h")
        response = await caller.request("POST", "/files/upload", host=V3, key=None, headers=headers)
        assert (response.status, response.json) == (401, {"detail": "Unauthorized"})
        assert "expired" in response.headers["x-fakefal-hint"]


async def test_equal_uploads_get_different_but_reproducible_ids() -> None:
    runs = []
    for _ in range(2):
        async with running_caller() as caller:
            runs.append([await upload_file(caller) for _ in range(3)])
    assert len(set(runs[0])) == 3
    assert runs[0] == runs[1]


@pytest.mark.parametrize("length", [10, 90])
async def test_a_wrong_length_leaves_nothing_behind(
    length: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "fakefal.http")
    async with running_caller() as caller:
        authorization = (await bearer_header(caller))["Authorization"]
        head = (
            f"POST /files/upload HTTP/1.1\r\nHost: {V3}\r\nAuthorization: {authorization}\r\n"
            f"Content-Length: {length}\r\nConnection: close\r\n\r\n"
        )
        if length == 10:  # more bytes than announced
            received = await send_bytes(caller.server, head.encode() + b"x" * 50)
            assert b" 400 Bad Request" in received
        else:
            _, writer = await asyncio.open_connection(caller.server.host, caller.server.port)
            writer.write(head.encode() + b"x" * 50)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        assert (await caller.run()).status == 200
        assert controls(caller).files() == []


async def test_a_body_over_the_limit_is_refused() -> None:
    async with running_caller(limits=Limits(upload_bytes=10)) as caller:
        headers = await bearer_header(caller)
        for data in (b"x" * 11, _chunks()):
            response = await caller.request(
                "POST", "/files/upload", host=V3, key=None, headers=headers, data=data
            )
            assert response.status == 413
        assert controls(caller).files() == []


async def _chunks() -> Any:
    for _ in range(11):
        yield b"x"


# Presigned


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Key somebody:else"}])
async def test_a_presigned_url_accepts_bytes_without_a_key(headers: dict[str, str]) -> None:
    async with running_caller() as caller:
        urls = await initiate_upload(caller)
        assert list(urls) == ["file_url", "upload_url"]
        url, _, signature = urls["upload_url"].partition("?signature=")
        assert (url, len(signature), signature.isalnum()) == (urls["file_url"], 16, True)
        assert (await request_url(caller, "GET", urls["file_url"])).status == 404
        response = await request_url(
            caller, "PUT", urls["upload_url"], data=b"cat", headers=headers
        )
        assert (response.status, response.body) == (200, b"")
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert not {"ETag", "Content-Type", "x-fal-request-id"} & response.headers.keys()
        assert (await request_url(caller, "HEAD", urls["file_url"])).status == 200
        again = await request_url(caller, "PUT", urls["upload_url"], data=b"dog")
        assert again.status == 200
        read = await request_url(caller, "GET", urls["file_url"])
        assert (read.body, read.headers["Content-Type"]) == (b"dog", "image/png")


async def test_a_changed_or_expired_presigned_url_is_rejected() -> None:
    async with running_caller() as caller:
        url = (await initiate_upload(caller))["upload_url"]
        for wrong in (url.partition("?")[0], f"{url}x", url.replace("signature=", "signature=1")):
            assert (await request_url(caller, "PUT", wrong, data=b"x")).status == 403
        controls(caller).advance("2h")
        response = await request_url(caller, "PUT", url, data=b"x")
        assert response.status == 403
        assert "expired" in response.headers["x-fakefal-hint"]


@pytest.mark.parametrize("path", ["a" * 21, "..", "%2e%2e%2fx", "x" * 4000])
async def test_an_unknown_upload_is_a_404(path: str) -> None:
    async with running_caller() as caller:
        response = await caller.request(
            "PUT", f"/files/upload/{path}", host=V3B, key=None, data=b"x"
        )
        assert response.status == 404


# In parts


async def test_parts_in_any_order_make_the_file_the_javascript_way() -> None:
    async with running_caller() as caller:
        urls = await initiate_upload(caller, "initiate-multipart")
        base, query = urls["upload_url"].split("?")
        tags = []
        for number, data in ((2, b"world"), (1, b"hello ")):
            response = await request_url(caller, "PUT", f"{base}/{number}?{query}", data=data)
            assert response.json["etag"] == response.headers["ETag"] == f'"{md5(data)}"'
            tags.append(response.json)
        response = await request_url(
            caller, "POST", f"{base}/complete?{query}", json={"parts": tags}
        )
        assert response.status == 200
        assert (await request_url(caller, "GET", urls["file_url"])).body == b"hello world"


async def test_parts_make_the_file_the_python_way_with_a_token() -> None:
    async with running_caller() as caller:
        headers = await bearer_header(caller)
        base, url = await multipart(caller, headers)
        tags = []
        for number, data in ((1, b"a"), (2, b"b")):
            response = await request_url(
                caller, "PUT", f"{base}/{number}", data=data, headers=headers
            )
            tags.append({"partNumber": number, "etag": response.headers["ETag"]})
        for _ in range(2):  # a client that lost the response repeats it
            response = await request_url(
                caller, "POST", f"{base}/complete", json={"parts": tags}, headers=headers
            )
            assert response.status == 200
        assert (await request_url(caller, "GET", url)).body == b"ab"
        late = await request_url(caller, "PUT", f"{base}/3", data=b"c", headers=headers)
        assert late.status == 404
        fewer = {"parts": tags[:1]}
        other = await request_url(caller, "POST", f"{base}/complete", json=fewer, headers=headers)
        assert other.status == 400


async def test_parts_without_a_token_or_with_a_foreign_one_are_refused() -> None:
    async with running_caller() as caller:
        base, _ = await multipart(caller, await bearer_header(caller))
        foreign = await bearer_header(caller, key="other:key")
        for headers in ({}, foreign):
            response = await request_url(caller, "PUT", f"{base}/1", data=b"c", headers=headers)
            assert response.status == 401


async def test_the_sdk_requests_a_url_for_each_part() -> None:
    async with running_caller() as caller:
        path = "/storage/upload/initiate-multipart?storage_type=gcs"
        body = {"file_name": "a.bin", "content_type": "x/y"}
        urls = (await caller.request("POST", path, host=REST, json=body)).json
        part_url = (await request_url(caller, "POST", f"{urls['upload_url']}/1")).json["upload_url"]
        etag = (await request_url(caller, "PUT", part_url, data=b"abc")).headers["ETag"]
        listed = {"parts": [{"part_number": 1, "etag": etag.strip('"')}]}
        done = await request_url(caller, "POST", f"{urls['upload_url']}/complete", json=listed)
        assert done.status == 200
        assert (await request_url(caller, "GET", urls["file_url"])).body == b"abc"


@pytest.mark.parametrize(
    ("parts", "status", "message"),
    [
        ([], 400, "The list of parts is empty"),
        ([{"partNumber": 2, "etag": "x"}], 400, "Part 2 was not uploaded"),
        ([{"partNumber": 1, "etag": "x"}], 400, "Part 1 has another etag"),
        ([{"partNumber": 1, "etag": md5(b"a")}] * 2, 400, "Part 1 is listed twice"),
        ([{"partNumber": "1", "etag": "x"}], 422, None),
        ("nonsense", 422, None),
        ([1], 422, None),
    ],
)
async def test_an_invalid_list_of_parts_is_rejected(
    parts: Any, status: int, message: str | None
) -> None:
    async with running_caller() as caller:
        headers = await bearer_header(caller)
        base, url = await multipart(caller, headers)
        await request_url(caller, "PUT", f"{base}/1", data=b"a", headers=headers)
        response = await request_url(
            caller, "POST", f"{base}/complete", json={"parts": parts}, headers=headers
        )
        assert response.status == status
        assert message is None or response.json == {"detail": message}
        assert (await request_url(caller, "GET", url)).status == 404


@pytest.mark.parametrize("number", ["0", "10001", "-1", "1.5", "x", "²", "9" * 5000])
async def test_an_invalid_part_number_is_rejected(number: str) -> None:
    async with running_caller() as caller:
        urls = await initiate_upload(caller, "initiate-multipart")
        base, query = urls["upload_url"].split("?")
        response = await request_url(caller, "PUT", f"{base}/{number}?{query}", data=b"a")
        assert response.status == 400


async def test_whole_bytes_for_an_upload_in_parts_and_the_reverse_are_refused() -> None:
    async with running_caller() as caller:
        parts = (await initiate_upload(caller, "initiate-multipart"))["upload_url"]
        assert (await request_url(caller, "PUT", parts, data=b"x")).status == 400
        base, query = (await initiate_upload(caller))["upload_url"].split("?")
        assert (await request_url(caller, "PUT", f"{base}/1?{query}", data=b"x")).status == 404


# Faults


@pytest.mark.parametrize(
    ("fault", "stored_files"), [("nginx-502", 0), ("accepted-then-nginx-502", 1)]
)
async def test_a_fault_of_a_step_stores_the_file_or_not(fault: str, stored_files: int) -> None:
    async with running_caller({**scenario(), "faults": {"upload_put": [fault]}}) as caller:
        urls = await initiate_upload(caller)
        assert (await request_url(caller, "PUT", urls["upload_url"], data=b"cat")).status == 502
        assert len(controls(caller).files()) == stored_files
        assert (await request_url(caller, "PUT", urls["upload_url"], data=b"cat")).status == 200


@pytest.mark.parametrize(
    ("operation", "path", "body"),
    [
        ("upload", "/storage/upload/initiate?storage_type=none", {}),
        ("token", "/tokens/", {}),
    ],
)
async def test_an_error_response_gets_the_fault_of_its_request(
    operation: str, path: str, body: dict[str, Any]
) -> None:
    faults = {operation: [{"headers": {"x-late": "1"}}]}
    async with running_caller({**scenario(), "faults": faults}) as caller:
        response = await caller.request("POST", path, host="rest.fal.ai", json=body)
        assert response.status in (400, 422)
        assert response.headers["x-late"] == "1"
        assert (
            "x-late"
            not in (await caller.request("POST", path, host="rest.fal.ai", json=body)).headers
        )
