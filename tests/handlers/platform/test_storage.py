"""Storage settings, access lists and signed URLs."""

from __future__ import annotations

from typing import Any

from tests.handlers.platform.calling import Platform, running_platform


async def upload(platform: Platform) -> str:
    """Upload a file, and return its URL."""
    body = {"file_name": "a.txt", "content_type": "text/plain"}
    started = (await platform.rest("POST", "/storage/upload/initiate", json=body)).json
    path = started["upload_url"].partition("fal.media")[2]
    await platform.caller.request("PUT", path, host="v3b.fal.media", data=b"hello")
    return str(started["file_url"])


async def status_of(platform: Platform, url: str) -> int:
    path = url.partition("fal.media")[2]
    return (await platform.caller.request("GET", path, host="v3b.fal.media", key=None)).status


async def test_the_access_list_of_a_file() -> None:
    async with running_platform() as platform:
        url = await upload(platform)
        path = f"/storage/files/acl?url={url}"
        assert (await platform.api("GET", path)).json == {"default": "allow", "rules": []}
        acl: Any = {"default": "forbid", "rules": [{"user": "x", "decision": "allow"}]}
        assert (await platform.api("PUT", path, json=acl)).json == acl
        assert await status_of(platform, url) == 403
        sign = f"/storage/files/sign?url={url}"
        signed = await platform.api("POST", sign, json={"expiration_seconds": 60})
        assert await status_of(platform, signed.json["signed_url"]) == 200
        for method, wrong in (("PUT", {"default": "maybe"}), ("PUT", {"rules": 1})):
            assert (await platform.api(method, path, json=wrong)).status == 400
        assert (await platform.api("POST", sign, json={"expiration_seconds": 0})).status == 400
        assert (await platform.api("GET", "/storage/files/acl")).status == 400
        unknown = "/storage/files/acl?url=https://v3.fal.media/files/a/b.png"
        assert (await platform.api("GET", unknown)).status == 404


async def test_settings_apply_to_new_files() -> None:
    async with running_platform() as platform:
        before = await upload(platform)
        body: Any = {
            "expiration_duration_seconds": 3600,
            "initial_acl": {"default": "hide", "rules": []},
        }
        assert (await platform.api("PUT", "/storage/settings", json=body)).json == body
        assert (await platform.api("GET", "/storage/settings")).json == body
        after = await upload(platform)
        assert [await status_of(platform, url) for url in (before, after)] == [200, 404]
        wrong = {"expiration_duration_seconds": "soon"}
        assert (await platform.api("PUT", "/storage/settings", json=wrong)).status == 400
