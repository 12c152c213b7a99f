"""kv.fal.media, called as the SDK's KVStore calls it: with a CDN token."""

from __future__ import annotations

import urllib.error
import urllib.request

import httpx
import pytest

from fakefal import FakeFal

KV = "https://kv.fal.media"


def token() -> str:
    url = "https://rest.fal.ai/storage/auth/token?storage_type=fal-cdn-v3"
    issued = httpx.post(url, headers={"Authorization": "Key a:b"}, json={}).json()
    return f"{issued['token_type']} {issued['token']}"


def test_a_value_is_set_read_and_deleted(fakefal: FakeFal) -> None:
    headers = {"Authorization": token()}

    def send(method: str, path: str, data: bytes | None = None) -> int:
        request = urllib.request.Request(KV + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code

    assert send("GET", "/get/db/a%20key") == 404
    assert send("PUT", "/set/db/a%20key", "wört".encode()) == 200
    assert httpx.get(f"{KV}/get/db/a%20key", headers=headers).json() == {"value": "wört"}
    assert httpx.get(f"{KV}/get/other/a%20key", headers=headers).status_code == 404
    assert send("DELETE", "/delete/db/a%20key") == 200
    assert send("DELETE", "/delete/db/a%20key") == 200
    assert send("GET", "/get/db/a%20key") == 404


@pytest.mark.parametrize(("ttl", "status"), [("59", 422), ("60", 200), ("x", 422)])
def test_a_value_expires(fakefal: FakeFal, ttl: str, status: int) -> None:
    headers = {"Authorization": token()}
    response = httpx.put(f"{KV}/set/db/k?ttl={ttl}", headers=headers, content=b"v")
    assert response.status_code == status
    fakefal.clock.advance("61s")
    headers = {"Authorization": token()}
    assert httpx.get(f"{KV}/get/db/k", headers=headers).status_code == 404


def test_a_caller_needs_a_token_and_faults_reach_it(fakefal: FakeFal) -> None:
    assert httpx.get(f"{KV}/get/db/k").status_code == 401
    assert httpx.get(f"{KV}/get/db/k", headers={"Authorization": "Bearer x"}).status_code == 401
    fakefal.faults(platform="503")
    assert httpx.get(f"{KV}/get/db/k", headers={"Authorization": token()}).status_code == 503
