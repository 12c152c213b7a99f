"""The balance and the user of a key."""

from __future__ import annotations

from typing import Any

from tests.handlers.platform.calling import running_platform


async def test_the_balance_is_a_bare_number() -> None:
    for account, balance in (
        ({}, b"100.0"),
        ("exhausted-balance", b"0.0"),
        ({"balance": -1.25}, b"-1.25"),
    ):
        async with running_platform(account=account) as platform:
            response = await platform.rest("GET", "/billing/user_balance")
            assert (response.status, response.body) == (200, balance)


async def test_the_balance_of_the_platform_api_is_the_same() -> None:
    async with running_platform(account={"balance": 9.5}) as platform:
        body = (await platform.api("GET", "/account/billing?expand=credits")).json
        assert body["credits"] == {"current_balance": 9.5, "currency": "USD"}


async def test_the_user_says_whether_the_account_is_locked() -> None:
    locked: Any = {"state": "exhausted-balance", "after": 1}
    async with running_platform(account=locked) as platform:
        user = (await platform.rest("GET", "/users/current")).json
        assert (user["user_id"], user["is_locked"], user["lock_reason"]) == (
            *("fakefal|id", False),
            None,
        )
        await platform.caller.run("acme/draw")
        user = (await platform.rest("GET", "/users/current")).json
        assert (user["is_locked"], user["lock_reason"]) == (True, "exhausted_balance")
        assert (await platform.rest("GET", "/users/current", key=None)).status == 401
