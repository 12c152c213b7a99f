"""Who may call the platform API: account states, faults, scopes, repeated requests."""

from __future__ import annotations

from typing import Any

from tests.handlers.platform.calling import running_platform


async def test_account_states_reach_the_platform_api() -> None:
    async with running_platform(account="bad-key") as platform:
        for path in ("/account/billing", "/models", "/keys", "/models/usage"):
            response = await platform.api("GET", path)
            assert response.status == 401, path
            assert response.json["error"]["type"] == "authorization_error"
        assert (await platform.rest("GET", "/users/current")).status == 401
        assert (await platform.rest("GET", "/billing/user_balance")).status == 401


async def test_faults_of_the_platform_api() -> None:
    faults: Any = {"platform": ["503", {"drop": ["username"]}, {"status": 401}]}
    async with running_platform(faults=faults) as platform:
        response = await platform.api("GET", "/account/billing")
        assert (response.status, response.json["error"]["type"]) == (503, "server_error")
        assert (await platform.api("GET", "/account/billing?expand=credits")).json.keys() == {
            "credits"
        }
        assert (await platform.rest("GET", "/users/current")).json.keys() == {"detail"}
        assert (await platform.api("GET", "/account/billing")).status == 200


async def test_presets_of_keys() -> None:
    expected = {
        "FULL": (200, 200, 201, 200),
        "READONLY": (200, 200, 403, 200),
        "BILLING": (200, 200, 201, 403),
        "API": (403, 403, 201, 200),
        "COMPUTE": (403, 403, 201, 403),
    }
    async with running_platform() as platform:
        for preset, statuses in expected.items():
            body = {"alias": "x", "preset": preset}
            key = (await platform.api("POST", "/keys", json=body)).json["key"]
            workflow = {"name": "n", "title": "t", "contents": {"nodes": {}}}
            responses = (
                await platform.api("GET", "/account/billing", key=key),
                await platform.api("GET", "/models/billing-events", key=key),
                await platform.api("POST", "/workflows", key=key, json=workflow),
                await platform.api("GET", "/storage/settings", key=key),
            )
            assert tuple(response.status for response in responses) == statuses, preset
        unknown = {"alias": "x", "preset": "KING"}
        assert (await platform.api("POST", "/keys", json=unknown)).status == 400


async def test_a_repeated_request_gets_the_first_response() -> None:
    async with running_platform() as platform:
        key_id = (await platform.api("POST", "/keys", json={"alias": "x"})).json["key_id"]
        once = {"Idempotency-Key": "abc"}
        statuses = [
            (await platform.api("DELETE", f"/keys/{key_id}", headers=headers)).status
            for headers in (once, once, {"Idempotency-Key": "other"}, {})
        ]
        assert statuses == [204, 204, 404, 404]
        await platform.caller.request(
            "POST", "/_fakefal/clock/advance", host=None, json={"by": "601s"}
        )
        assert (await platform.api("DELETE", f"/keys/{key_id}", headers=once)).status == 404
