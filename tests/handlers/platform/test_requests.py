"""Searching requests, with file URLs that the caller can reach."""

from __future__ import annotations

from pathlib import Path

from fakefal.scenario.files.loader import load_file
from tests.callers import running_caller
from tests.handlers.platform.calling import Platform, running_platform


async def test_requests_are_found_by_their_words() -> None:
    async with running_platform() as platform:
        await platform.caller.run("acme/draw", json={"prompt": "a red fox"})
        await platform.caller.run("fal-ai/flux/dev", json={"prompt": "a red car"})
        for query, endpoints in (
            ("query=red", ["fal-ai/flux/dev", "acme/draw"]),
            ("query=RED+fox", ["acme/draw"]),
            ("query=red&endpoint_id=fal-ai/flux/dev", ["fal-ai/flux/dev"]),
            ("query=blue", []),
        ):
            response = await platform.api("GET", f"/models/requests/search?{query}")
            results = response.json["results"]
            assert [result["endpoint_id"] for result in results] == endpoints


async def test_file_urls_in_payloads_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(b"png")
    text = "fakefal: 1\nexchanges:\n  - reply: {output: {image: {file: cat.png}}, timeline: []}\n"
    (tmp_path / "s.yaml").write_text(text)
    async with running_caller(load_file(tmp_path / "s.yaml"), clock="instant") as caller:
        platform = Platform(caller)
        await platform.finish()
        path = "/api.fal.ai/v1/models/requests/search"
        (result,) = (await caller.request("GET", path, host=None)).json["results"]
        url = result["json_output"]["image"]["url"]
        assert url.startswith(caller.server.url)
        read = await caller.request("GET", url.removeprefix(caller.server.url), host=None)
        assert read.body == b"png"
