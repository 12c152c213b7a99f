"""Programs around inference, with their own published call sequences."""

from __future__ import annotations

from typing import Any

import fal_client
import httpx
import pytest

from fakefal import FakeFal

KEY = {"Authorization": "Key id:secret"}
API = "https://api.fal.ai/v1"


def test_a_balance_gate(fakefal: FakeFal) -> None:
    def may_spend(dollars: float) -> bool:
        url = "https://rest.alpha.fal.ai/billing/user_balance"
        return float(httpx.get(url, headers=KEY).raise_for_status().text) >= dollars

    assert may_spend(5)
    fakefal.account(balance=3.5)
    assert not may_spend(5)
    fakefal.account("exhausted-balance")
    assert not may_spend(0.01)
    fakefal.account("bad-key")
    with pytest.raises(httpx.HTTPStatusError, match="401"):
        may_spend(1)


def test_a_key_check(fakefal: FakeFal) -> None:
    def check(key: str) -> str:
        headers = {"Authorization": f"Key {key}"}
        response = httpx.get("https://rest.alpha.fal.ai/users/current", headers=headers)
        if response.status_code in (401, 403):
            return "invalid"
        return "locked" if response.raise_for_status().json()["is_locked"] else "valid"

    fakefal.options(keys=["id:secret"])
    assert [check("id:secret"), check("other")] == ["valid", "invalid"]
    fakefal.account("exhausted-balance")
    assert check("id:secret") == "locked"


def test_cost_tracking_waits_for_the_event(fakefal: FakeFal) -> None:
    fakefal.app("acme/draw", price={"unit_price": 0.5, "unit": "images"})
    fakefal.options(billing_delay="45s")
    fakefal.on("acme/draw").output({"ok": True}).billable_units(2)
    handle = fal_client.submit("acme/draw", {})
    handle.get()

    def cost() -> float | None:
        query = {"request_id": handle.request_id}
        response = httpx.get(f"{API}/models/billing-events", params=query, headers=KEY)
        events = response.raise_for_status().json()["billing_events"]
        return events[0]["cost_total"] if events else None

    costs: list[float | None] = []
    while not costs or costs[-1] is None:
        costs.append(cost())
        fakefal.clock.advance("15s")
    assert costs == [None, None, None, 1.0]


def test_a_price_table(fakefal: FakeFal) -> None:
    for name, price in (("acme/draw", 0.5), ("acme/speak", 0.02)):
        fakefal.on(name).output({})
        fakefal.app(name, price={"unit_price": price, "unit": "images"})
    listed = httpx.get(f"{API}/models").json()  # needs no key
    ids = [model["endpoint_id"] for model in listed["models"]]
    rows = httpx.get(f"{API}/models/pricing", params={"endpoint_id": ids}, headers=KEY).json()
    assert {row["endpoint_id"]: row["unit_price"] for row in rows["prices"]} == {
        "acme/draw": 0.5,
        "acme/speak": 0.02,
    }


def test_fal_queue_size(fakefal: FakeFal) -> None:
    fakefal.app("id/draw", runners=1)
    fakefal.on("id/draw").output({}).timeline({"IN_PROGRESS": {"for": "1h"}})
    with httpx.Client(base_url="https://rest.fal.ai", headers=KEY) as client:
        for _ in range(3):
            httpx.post("https://queue.fal.run/id/draw", json={}, headers=KEY)
        user = client.get("/users/current").json()
        assert user["username"]
        path = "/applications/id/draw/queue"
        assert client.get(path).json()["size"] == 2
        assert client.delete(path).status_code == 200
        assert client.get(path).json()["size"] == 0


def test_the_workflow_list_of_an_automation_node(fakefal: FakeFal) -> None:
    for name in ("a", "b", "c"):
        body: dict[str, Any] = {"name": name, "title": name.upper(), "contents": {"nodes": {}}}
        assert httpx.post(f"{API}/workflows", json=body, headers=KEY).status_code == 201
    options: list[dict[str, str]] = []
    cursor: str | None = None
    while True:
        query: dict[str, Any] = {"limit": 2, **({} if cursor is None else {"cursor": cursor})}
        page = httpx.get(f"{API}/workflows", params=query, headers=KEY).json()
        for row in page["workflows"]:
            value = f"workflows/{row['user_nickname']}/{row['name']}"
            options.append({"name": row["title"], "value": value})
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    assert [option["name"] for option in options] == ["C", "B", "A"]


def test_huggingface_hub_with_its_own_token(fakefal: FakeFal) -> None:
    """What ``InferenceClient(provider="fal-ai", api_key="hf_…")`` sends (huggingface_hub 1.x)."""
    fakefal.host_up("router.huggingface.co")
    fakefal.route(
        "https://router.huggingface.co/fal-ai/fal-ai/flux/dev",
        method="POST",
        headers={"x-hf-bill-to": "acme"},
        json={"prompt": "a cat"},
    ).json({"images": [{"url": "https://v3.fal.media/files/x/cat.png"}]})
    response = httpx.post(
        "https://router.huggingface.co/fal-ai/fal-ai/flux/dev",
        json={"prompt": "a cat"},
        headers={"Authorization": "Bearer hf_token", "X-HF-Bill-To": "acme"},
    )
    assert response.json()["images"][0]["url"].endswith("cat.png")
    (request,) = fakefal.requests
    assert request.headers["authorization"] == "Bearer …"


def test_a_workflow_that_is_sent_with_its_input(fakefal: FakeFal) -> None:
    node = {"id": "draw", "type": "run", "app": "acme/draw", "depends": ["input"], "input": {}}
    fakefal.on("workflows/execute", workflow={"draw": {"app": "acme/draw"}}).workflow(
        {"id": "draw", "app": "acme/draw", "output": {"picture": "{{ input.input.prompt }}"}}
    )
    sent = {"input": {"prompt": "cat"}, "workflow": {"draw": node}}
    events = [event["type"] for event in fal_client.stream("workflows/execute", sent)]
    assert events == ["submit", "completion", "output"]
    assert fal_client.subscribe("workflows/execute", sent) == {"picture": "cat"}
