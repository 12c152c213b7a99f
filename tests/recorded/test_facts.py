"""What was recorded of the real fal, fact by fact: fakefal sends the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from fakefal.verify.forms import Form, Received, deviations
from tests.building import exchange, make_tenant, scenario
from tests.callers import Caller, running_caller
from tests.webhook_delivery import deliver, submit

FACTS = yaml.safe_load(Path(__file__).with_name("facts.yaml").read_text(encoding="utf-8"))
INPUT = {"prompt": "a"}
APP = "fal-ai/any-llm"


async def response_to(fact: dict[str, Any], caller: Caller) -> Received:
    if "request" in fact:
        method, host, path = fact["request"]
        body = None if method == "GET" else fact.get("input", INPUT)
        response = await caller.request(method, path, host=host, json=body)
    else:
        path = f"/{APP}/requests/{await caller.submit(json=INPUT)}"
        for _ in range(fact.get("polls", 0)):
            await caller.request("GET", f"{path}/status")
        response = await caller.request("GET", path + fact["get"])
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Received(response.status, headers, response.body)


def webhook_of(fact: dict[str, Any]) -> Received:
    tenant = make_tenant(exchange(fact["reply"]))
    submit(tenant)
    tenant.clock.advance(60)
    (post,) = deliver(tenant.webhooks)
    return Received(200, {name.lower(): value for name, value in post.headers}, post.body)


async def test_every_recorded_fact_holds() -> None:
    wrong = []
    for fact in FACTS:
        status, headers = fact.get("status", 200), fact.get("headers", {})
        form = Form(status, headers, fact.get("body"), is_exact=True)
        if fact.get("webhook"):
            received = webhook_of(fact)
        else:
            exchanges = [exchange(fact["reply"])] if "reply" in fact else []
            if not exchanges and "unmatched" not in fact.get("options", {}):
                exchanges = [exchange()]
            data = scenario(*exchanges, **fact.get("options", {}))
            async with running_caller(data) as caller:
                received = await response_to(fact, caller)
        wrong += [f"{fact['fact']}: {line}" for line in deviations(form, received)]
    assert wrong == []


def test_every_fact_has_a_source_and_a_date() -> None:
    lacking = [fact["fact"] for fact in FACTS if not {"source", "date"} <= fact.keys()]
    assert lacking == []
