"""A caller of the platform API of a scenario with one app of each kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.building import exchange
from tests.callers import Caller, ClientResponse, running_caller

STEP = {"IN_PROGRESS": {"for": "2s", "logs": ["hello", {"message": "bad", "level": "ERROR"}]}}
EXCHANGES = (
    exchange(
        {"output": {"a": "cat"}, "billable_units": 3, "timeline": [STEP]},
        when={"endpoint": "acme/draw"},
    ),
    exchange({"fail": "content_policy_violation"}, when={"endpoint": "fal-ai/flux/dev"}),
)


class Platform:
    """Sends requests to api.fal.ai and rest.fal.ai."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    async def api(self, method: str, path: str, **options: Any) -> ClientResponse:
        return await self.caller.request(method, f"/v1{path}", host="api.fal.ai", **options)

    async def rest(self, method: str, path: str, **options: Any) -> ClientResponse:
        return await self.caller.request(method, path, host="rest.fal.ai", **options)

    async def finish(self, **options: Any) -> str:
        """Submit a call to acme/draw, and poll until it is completed."""
        request_id = await self.caller.submit("acme/draw", **options)
        path = f"/acme/draw/requests/{request_id}/status"
        while (await self.caller.request("GET", path)).json["status"] != "COMPLETED":
            pass
        return request_id


@asynccontextmanager
async def running_platform(**parts: Any) -> AsyncIterator[Platform]:
    scenario = {
        "fakefal": 1,
        "apps": {"acme/draw": {"price": {"unit_price": 0.5, "unit": "images"}}},
        "exchanges": [*EXCHANGES, *parts.pop("exchanges", ())],
        **parts,
    }
    async with running_caller(scenario, clock="instant") as caller:
        yield Platform(caller)
