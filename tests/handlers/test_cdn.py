"""Files over HTTP: reads, ranges, access, expiry, signed URLs (docs/reference/storage.md)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fakefal.addressing import Address, AddressForm
from fakefal.engine.controls import Controls
from fakefal.engine.files.blobs import MemoryBlob
from fakefal.handlers import cdn
from fakefal.handlers.http import BufferedResponse, FileResponse, Request
from tests.building import exchange, make_tenant, scenario
from tests.callers import KEY, RUN, Caller, running_caller
from tests.handlers.upload_requests import REST, V3, V3B, bearer_header, request_url, upload_file


def controls(caller: Caller) -> Controls:
    return caller.server.controls(KEY)


def acl(default: str, *rules: tuple[str, str]) -> str:
    listed = [{"user": user, "decision": decision} for user, decision in rules]
    return json.dumps({"initial_acl": {"default": default, "rules": listed}})


async def test_a_read_has_type_length_etag_and_cors_headers() -> None:
    async with running_caller() as caller:
        url = await upload_file(caller, b"0123456789")
        response = await request_url(caller, "GET", url)
        assert response.body == b"0123456789"
        assert response.headers["Content-Length"] == "10"
        assert response.headers["Content-Type"] == "image/png"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Accept-Ranges"] == "bytes"
        same = await request_url(
            caller, "GET", url, headers={"If-None-Match": response.headers["ETag"]}
        )
        assert (same.status, same.body) == (304, b"")
        head = await request_url(caller, "HEAD", url)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["Content-Length"] == "10"
        page = await request_url(caller, "GET", url, headers={"Origin": "https://example.com"})
        assert page.headers.getall("Access-Control-Allow-Origin") == ["*"]


async def test_every_media_host_serves_every_file() -> None:
    async with running_caller() as caller:
        path = (await upload_file(caller)).removeprefix(f"https://{V3}")
        for host in (V3, V3B, "fal.media"):
            assert (await caller.request("GET", path, host=host, key=None)).status == 200


@pytest.mark.parametrize("size", [10, 2_000_000])
@pytest.mark.parametrize(
    ("range_header", "status", "first", "last"),
    [
        ("bytes=0-3", 206, 0, 3),
        ("bytes=5-", 206, 5, None),
        ("bytes=-4", 206, -4, None),
        ("bytes=1-999999999", 206, 1, None),
        ("bytes=0-1,3-4", 200, 0, None),
        ("lines=1-2", 200, 0, None),
        ("bytes=9999999-", 416, 0, None),
    ],
)
async def test_a_range_gets_its_bytes(
    size: int, range_header: str, status: int, first: int, last: int | None
) -> None:
    data = bytes(range(250)) * (size // 250) if size > 250 else bytes(range(size))
    async with running_caller() as caller:
        url = await upload_file(caller, data)
        response = await request_url(caller, "GET", url, headers={"Range": range_header})
        assert response.status == status
        if status == 416:
            assert response.headers["Content-Range"] == f"bytes */{len(data)}"
            return
        expected = data[first : None if last is None else last + 1]
        assert response.body == expected
        if status == 206:
            begin = first % len(data)
            content_range = f"bytes {begin}-{begin + len(expected) - 1}/{len(data)}"
            assert response.headers["Content-Range"] == content_range


async def test_head_of_a_long_file_and_connection_close() -> None:
    async with running_caller(keep_alive=False) as caller:
        url = await upload_file(caller, b"x" * 2_000_000)
        head = await request_url(caller, "HEAD", url)
        assert (head.status, head.headers["Content-Length"], head.body) == (200, "2000000", b"")
        whole = await request_url(caller, "GET", url, headers={"Origin": "https://example.com"})
        assert (len(whole.body), whole.headers["Connection"]) == (2_000_000, "close")


@pytest.mark.parametrize(
    "path",
    [
        "/files/lion/x.png",
        "/files/b/00000000/../../../../etc/passwd",
        "/files/lion/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        f"/files/lion/{'a' * 21}_x.png",
        f"/files/lion/{'a' * 5000}",
        "/files/lion/CON",
        "/files//etc/passwd",
    ],
)
async def test_an_unknown_file_is_a_404(path: str) -> None:
    async with running_caller() as caller:
        await upload_file(caller)
        assert (await caller.request("GET", path, host=V3, key=None)).status == 404


async def test_a_file_expires_on_the_clock_of_its_key() -> None:
    async with running_caller() as caller:
        life = {"X-Fal-Object-Lifecycle": '{"expiration_duration_seconds": 60}'}
        url, lasting = await upload_file(caller, b"bytes", **life), await upload_file(caller)
        controls(caller).advance("59s")
        assert (await request_url(caller, "GET", url)).status == 200
        controls(caller).advance("1s")
        response = await request_url(caller, "GET", url)
        assert (response.status, response.json) == (404, {"detail": "Not Found"})
        assert (
            response.headers["x-fakefal-hint"] == "the file expired at 2026-01-01T00:01:00.000000Z"
        )
        assert (await request_url(caller, "GET", lasting)).status == 200


@pytest.mark.parametrize(
    ("default", "anybody", "owner", "friend"),
    [("allow", 200, 200, 200), ("forbid", 403, 200, 200), ("hide", 404, 200, 200)],
)
async def test_an_access_list_decides(default: str, anybody: int, owner: int, friend: int) -> None:
    async with running_caller() as caller:
        rules = {"X-Fal-Object-Lifecycle-Preference": acl(default, ("friend", "allow"))}
        url = await upload_file(caller, b"bytes", **rules)
        assert (await request_url(caller, "GET", url)).status == anybody
        assert (await request_url(caller, "GET", url, key=KEY)).status == anybody
        own = await bearer_header(caller)
        assert (await request_url(caller, "GET", url, headers=own)).status == owner
        friend_headers = await bearer_header(caller, key="friend:secret")
        assert (await request_url(caller, "GET", url, headers=friend_headers)).status == friend
        other_key = await bearer_header(caller, key="stranger:secret")
        assert (await request_url(caller, "GET", url, headers=other_key)).status == anybody


async def test_a_signed_url_opens_a_hidden_file_until_it_expires() -> None:
    async with running_caller() as caller:
        url = await upload_file(caller, b"bytes", **{"X-Fal-Object-Lifecycle": acl("hide")})
        body = {"duration": 60, "scope": ["read"]}
        own = await bearer_header(caller)
        response = await request_url(caller, "POST", f"{url}/sign", json=body, headers=own)
        assert response.headers["Content-Type"].startswith("text/plain")
        signed = response.body.decode()
        assert signed.startswith(f"{url}?identity=")
        assert (await request_url(caller, "GET", signed)).status == 200
        other = await upload_file(caller, b"bytes", **{"X-Fal-Object-Lifecycle": acl("hide")})
        assert (await request_url(caller, "GET", signed.replace(url, other))).status == 404
        controls(caller).advance("60s")
        assert (await request_url(caller, "GET", signed)).status == 404


async def test_only_the_owner_signs_and_for_at_most_a_week() -> None:
    async with running_caller() as caller:
        url = f"{await upload_file(caller)}/sign"
        assert (await request_url(caller, "POST", url, json={})).status == 403
        foreign = await bearer_header(caller, key="other:key")
        assert (await request_url(caller, "POST", url, json={}, headers=foreign)).status == 403
        own = await bearer_header(caller)
        assert (await request_url(caller, "POST", url, headers=own)).status == 200
        long = {"duration": 8 * 86_400}
        assert (await request_url(caller, "POST", url, json=long, headers=own)).status == 422


@pytest.mark.parametrize(
    ("media", "status", "content_type"),
    [
        ("expired", 404, "application/json"),
        ("missing", 404, "application/json"),
        ("forbidden", 403, "application/json"),
        ("wrong-type", 200, "application/octet-stream"),
    ],
)
async def test_files_of_a_reply_can_be_broken(media: str, status: int, content_type: str) -> None:
    replies = scenario(exchange({"kind": "images", "media": media}))
    async with running_caller(replies) as caller:
        output = (await caller.run("fal-ai/flux/dev")).json
        response = await request_url(caller, "GET", output["images"][0]["url"])
        assert (response.status, response.headers["Content-Type"]) == (status, content_type)


@pytest.mark.parametrize(("word", "size"), [("truncated", 10), ("slow", 2_000_000)])
async def test_a_file_fault_is_passed_on_with_the_response(word: str, size: int) -> None:
    tenant = make_tenant()
    url = tenant.files.new_url("v3b.fal.media", "a.png")
    fault_name: Any = word
    tenant.files.add(url, "a.png", "image/png", MemoryBlob(b"x" * size), defect=fault_name)
    address = Address("v3b.fal.media", url.path, "", AddressForm.HOST, "https://{host}")
    request = Request("GET", address, url.path, {}, b"", None, tenant_by_tag=lambda _: tenant)
    answer = await cdn.read(request, {"name": url.path.rsplit("/", 1)[1]})
    assert isinstance(answer, BufferedResponse if size == 10 else FileResponse)
    assert answer.fault is not None
    assert answer.fault.name == word
    assert request.owner_tenant is tenant


async def test_output_files_expire_by_reply_or_request() -> None:
    replies = scenario(
        exchange({"kind": "images"}, when={"endpoint": "a/caller"}),
        exchange({"kind": "images", "media": {"expires": "90s"}}),
    )
    async with running_caller(replies) as caller:
        headers = {"x-fal-object-lifecycle-preference": '{"expiration_duration_seconds": 30}'}
        short = (await caller.run("a/caller", headers=headers)).json["images"][0]["url"]
        long = (await caller.run("a/reply")).json["images"][0]["url"]
        seen = []
        for seconds in (0, 30, 60):
            controls(caller).advance(seconds)
            seen.append([(await request_url(caller, "GET", url)).status for url in (short, long)])
        assert seen == [[200, 200], [404, 200], [404, 404]]
        response = await caller.run("a/b", headers={"x-fal-object-lifecycle-preference": "soon"})
        assert (response.status, response.json["error_type"]) == (400, "bad_request")


async def test_file_urls_have_the_address_form_of_each_caller() -> None:
    async with running_caller(scenario(exchange({"kind": "video"}))) as caller:
        own = f"{caller.server.url}/{V3B}/files/b/"
        target = {"x-fal-target-url": "https://fal.run/a/b"}
        for host, path, headers, expected in (
            (RUN, "/a/b", {}, f"https://{V3B}/files/b/"),
            (None, "/fal.run/a/b", {}, own),
            (None, "/api/fal/proxy", target, own),
            (None, "/a/b", {"X-Forwarded-Host": "fal.run"}, f"https://{V3B}/files/b/"),
        ):
            response = await caller.request("POST", path, host=host, headers=headers, json={})
            url = response.json["video"]["url"]
            assert url.startswith(expected)
            assert (await request_url(caller, "GET", url)).headers["Content-Type"] == "video/mp4"
        streamed = await caller.request("POST", "/fal.run/a/b/stream", host=None, json={})
        assert own.encode() in streamed.body


async def test_an_html_file_cannot_reach_the_control_api() -> None:
    async with running_caller() as caller:
        url = await upload_file(caller, b"<script>", **{"Content-Type": "text/html"})
        assert (await request_url(caller, "GET", url)).headers[
            "Content-Security-Policy"
        ] == "sandbox"


async def test_files_belong_to_a_key_and_a_reset_deletes_them() -> None:
    async with running_caller() as caller:
        mine, other = await upload_file(caller), await upload_file(caller, key="other:key")
        assert mine != other
        controls(caller).reset()
        assert (await request_url(caller, "GET", mine)).status == 404
        assert (await request_url(caller, "GET", other)).status == 200


async def test_an_upload_started_by_base_url_has_urls_of_the_server() -> None:
    async with running_caller() as caller:
        path = f"/{REST}/storage/upload/initiate"
        body = {"file_name": "a.txt", "content_type": "text/plain"}
        urls = (await caller.request("POST", path, host=None, json=body)).json
        assert all(url.startswith(f"{caller.server.url}/{V3B}/") for url in urls.values())
        assert (await request_url(caller, "PUT", urls["upload_url"], data=b"x")).status == 200
        assert (await request_url(caller, "GET", urls["file_url"])).body == b"x"
