from __future__ import annotations

from typing import Any

from fakefal.engine.engine import Engine
from fakefal.engine.webhooks.deliveries import DeliveryResult
from tests.building import exchange, make_call, make_engine, tenant_of
from tests.control.calls import call_json, expect_error


def deliver(engine: Engine, status: int) -> str:
    """Deliver a webhook with one attempt that got this status; return the request id."""
    tenant = tenant_of(engine)
    call = make_call(webhook="http://127.0.0.1:9/hook", input_={"prompt": str(status)})
    job = tenant.submit(call)
    tenant.queue.advance_job(job, tenant.clock.now())
    post = tenant.webhooks.due()
    assert post is not None
    tenant.webhooks.on_attempt_done(post, DeliveryResult(status))
    return job.id


def test_webhooks_can_be_filtered_and_redelivered() -> None:
    engine = make_engine([exchange({"text": "x", "timeline": []})])
    ok, failed = deliver(engine, 200), deliver(engine, 302)
    assert [webhook["request_id"] for webhook in call_json(engine, "GET", "/webhooks")] == [
        ok,
        failed,
    ]
    for query, expected in (("state=delivered", ok), (f"request_id={failed}", failed)):
        assert [
            webhook["request_id"] for webhook in call_json(engine, "GET", f"/webhooks?{query}")
        ] == [expected]
    assert expect_error(engine, "GET", "/webhooks?state=gone").status == 400
    (again,) = call_json(engine, "POST", "/webhooks/redeliver", {})
    assert again["request_id"] == failed
    (again,) = call_json(engine, "POST", "/webhooks/redeliver", {"request_id": ok})
    assert again["request_id"] == ok
    assert expect_error(engine, "POST", "/webhooks/redeliver", {"request_id": "x"}).status == 400
    assert expect_error(engine, "POST", "/webhooks/redeliver", {"request_id": 5}).status == 400


def test_public_keys_need_no_api_key() -> None:
    engine = make_engine()
    keys = call_json(engine, "GET", "/jwks.json", key=None)
    assert keys == call_json(engine, "GET", "/jwks.json", key="Key other")
    assert len(keys["keys"]) == 2


def test_keys_are_published_and_rotated() -> None:
    engine = make_engine()
    first = call_json(engine, "GET", "/jwks.json")
    assert call_json(engine, "POST", "/jwks", {"rotate": True}) != first
    assert len(call_json(engine, "POST", "/jwks", {"jwks": {"keys": 3}})["keys"]) == 3
    assert call_json(engine, "POST", "/jwks", {"jwks": "down"})["keys"]
    invalid: list[Any] = [{}, {"jwks": "sideways"}, {"rotates": True}, []]
    for body in invalid:
        error = expect_error(engine, "POST", "/jwks", body)
        assert error.status == 400
