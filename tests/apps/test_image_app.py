"""The image app, tested as its author would, with public names of fakefal only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from fakefal import FakeFal
from tests.apps.image_app import make_app

pytestmark = pytest.mark.fakefal(unused="error", undelivered="ignore")


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The app on a free port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def order(url: str) -> str:
    answer = httpx.post(f"{url}/images", params={"prompt": "a cat"})
    return str(answer.raise_for_status().json()["id"])


def state(url: str, id_: str) -> Any:
    return httpx.get(f"{url}/images/{id_}").json()


def test_an_image_is_ready_after_the_webhook(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/flux/dev", prompt="a cat").kind("images")
    with serving(make_app()) as url:
        id_ = order(url)
        fakefal.webhooks.wait()
        image = state(url, id_)
        assert image["state"] == "ready"
        assert httpx.get(image["url"]).headers["content-type"] == "image/png"


def test_a_failure_is_shown(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/flux/dev").fail("content_policy_violation")
    with serving(make_app()) as url:
        id_ = order(url)
        fakefal.webhooks.wait()
        assert state(url, id_)["state"] == "failed"


def test_no_balance_is_a_503(fakefal: FakeFal) -> None:
    fakefal.account("exhausted-balance")
    with serving(make_app()) as url:
        assert httpx.post(f"{url}/images", params={"prompt": "x"}).status_code == 503


def credits_after(fakefal: FakeFal, *, counts_once: bool) -> int:
    """The credits after an image whose webhook is delivered twice."""
    fakefal.on("fal-ai/flux/dev").kind("images").preset("webhook-twice")
    app = make_app(counts_once=counts_once)
    with serving(app) as url:
        order(url)
        fakefal.webhooks.wait(2)
    left: int = app.state.credits
    return left


def test_a_webhook_that_is_delivered_twice_counts_once(fakefal: FakeFal) -> None:
    assert credits_after(fakefal, counts_once=True) == 9


def test_the_bug_of_counting_twice_is_found(fakefal: FakeFal) -> None:
    assert credits_after(fakefal, counts_once=False) == 8


def state_after_forgery(fakefal: FakeFal, *, verifies: bool) -> str:
    """The state of an order after a forged webhook."""
    exchange = fakefal.on("fal-ai/flux/dev").kind("images")
    exchange.preset("webhook-forged")
    with serving(make_app(verifies=verifies)) as url:
        id_ = order(url)
        fakefal.webhooks.wait_idle(timeout=20)
        return str(state(url, id_)["state"])


def test_a_forged_webhook_is_rejected(fakefal: FakeFal) -> None:
    assert state_after_forgery(fakefal, verifies=True) == "ordered"


def test_the_bug_of_accepting_forgeries_is_found(fakefal: FakeFal) -> None:
    assert state_after_forgery(fakefal, verifies=False) == "ready"
