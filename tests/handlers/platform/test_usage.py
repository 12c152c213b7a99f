"""Billing events: late, filtered, with tags."""

from __future__ import annotations

from tests.handlers.platform.calling import running_platform


async def test_an_event_comes_after_the_scripted_delay() -> None:
    async with running_platform(options={"billing_delay": "30s"}) as platform:
        request_id = await platform.finish()
        path = f"/models/billing-events?request_id={request_id}"
        assert (await platform.api("GET", path)).json["billing_events"] == []
        advance = {"by": "30s"}
        await platform.caller.request("POST", "/_fakefal/clock/advance", host=None, json=advance)
        (event,) = (await platform.api("GET", path)).json["billing_events"]
        assert (event["output_units"], event["unit_price"], event["cost_total"]) == (3, 0.5, 1.5)
        assert (event["cost_estimate_nano_usd"], event["endpoint_id"]) == (
            1_500_000_000,
            "acme/draw",
        )


async def test_failures_are_not_billed_and_tags_select() -> None:
    async with running_platform() as platform:
        await platform.caller.run("fal-ai/flux/dev")
        await platform.caller.run("acme/draw")
        tagged = await platform.caller.run("acme/draw", headers={"X-Fal-Tags": "team=a,run=1"})
        for query, count in (
            ("", 2),
            ("?tag=team=a", 1),
            ("?tag=team=b", 0),
            ("?source=tagged-billed", 1),
            ("?endpoint_id=acme/draw&limit=1", 1),
        ):
            events = (await platform.api("GET", f"/models/billing-events{query}")).json
            assert len(events["billing_events"]) == count, query
        (event,) = (await platform.api("GET", "/models/billing-events?tag=run=1")).json[
            "billing_events"
        ]
        assert event["tags"] == {"team": "a", "run": "1"}
        assert event["request_id"] == tagged.headers["x-fal-request-id"]
        assert (await platform.api("GET", "/models/billing-events?tag=x")).status == 400
