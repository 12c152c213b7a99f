"""Matching of calls to exchanges, and misses."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.engine.controls import Controls
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.call import Call
from fakefal.protocol.errors.errors import ApiError
from fakefal.scenario.builder import build_exchange
from fakefal.scenario.model.scenario import Exchange
from tests.building import (
    exchange,
    make_call,
    make_engine,
    make_tenant,
)


def text_of(tenant: Tenant, call: Call | None = None) -> str:
    """The output text of a queue call."""
    job = tenant.submit(call or make_call())
    return str(job.rendered.outcome.body["output"])


def rejection(tenant: Tenant, call: Call | None = None) -> ApiError:
    with pytest.raises(ApiError) as caught:
        tenant.submit(call or make_call())
    return caught.value


def own(reply: str, **fields: Any) -> Exchange:
    return build_exchange(exchange({"text": reply}, **fields))


# Which exchange answers


def test_the_first_exchange_that_matches_answers() -> None:
    tenant = make_tenant(
        exchange({"text": "other"}, when={"input": {"prompt": "bye"}}),
        exchange({"text": "first"}, when={"input": {"prompt": "hi"}}),
        exchange({"text": "second"}),
    )
    assert text_of(tenant) == "first"


def test_a_tenants_own_exchanges_are_matched_before_loaded_ones() -> None:
    engine = make_engine([exchange({"text": "base"})])
    controls = Controls(engine, "id:secret")
    controls.put_exchange(0, own("own", when={"input": {"prompt": "hi"}}))
    assert text_of(controls.tenant) == "own"
    assert text_of(controls.tenant, make_call(input_={"prompt": "bye"})) == "base"


def test_an_exchange_that_is_used_up_is_skipped() -> None:
    tenant = make_tenant(exchange({"text": "twice"}, times=2), exchange({"text": "then"}))
    assert [text_of(tenant) for _ in range(4)] == ["twice", "twice", "then", "then"]


@pytest.mark.parametrize(
    ("then", "expected"),
    [("last", "abbbb"), ("cycle", "ababa"), ("miss", "ab...")],
)
def test_replies_are_used_in_order(then: str, expected: str) -> None:
    replies = [{"text": "a"}, {"text": "b"}]
    tenant = make_tenant({"replies": replies, "then": then}, exchange({"text": "."}))
    assert "".join(text_of(tenant) for _ in range(5)) == expected


def test_counts_survive_an_added_exchange_and_are_dropped_with_a_replaced_one() -> None:
    controls = Controls(make_engine(options={"unmatched": "fail"}), "id:secret")
    controls.put_exchange(0, own("once", times=1))
    assert text_of(controls.tenant) == "once"
    controls.put_exchange(1, own("more"))
    assert text_of(controls.tenant) == "more"
    controls.put_exchange(0, own("again", times=1))
    assert text_of(controls.tenant) == "again"


# Misses


def test_a_miss_is_a_404_that_names_the_three_nearest_exchanges() -> None:
    prompts = ["hi there", "completely different", "hi then", "no"]
    tenant = make_tenant(
        *(exchange(id=prompt, when={"input": {"prompt": prompt}}) for prompt in prompts),
        exchange(id="far", when={"endpoint": "fal-ai/flux", "via": "run"}),
    )
    error = rejection(tenant)
    assert error.status == 404
    assert error.headers == (("x-fakefal-hint", "miss"),)
    detail = error.body["detail"]
    assert detail.startswith("no exchange for fal-ai/any-llm (queue); nearest: ")
    assert detail.count(";") == 3
    assert '"far"' not in detail


def test_a_miss_says_that_an_exchange_is_used_up() -> None:
    tenant = make_tenant(exchange(id="tagline", times=1))
    tenant.submit(make_call())
    assert "used up: it has answered 1 call" in rejection(tenant).body["detail"]


def test_a_miss_lists_own_and_loaded_exchanges_nearest_first() -> None:
    engine = make_engine([exchange(id="loaded", when={"input": {"prompt": "hi there"}})])
    controls = Controls(engine, "id:secret")
    controls.put_exchange(0, own("x", id="own", when={"endpoint": "a/b", "via": "stream"}))
    detail = rejection(controls.tenant).body["detail"]
    assert 0 < detail.index('"loaded"') < detail.index('"own"')


def test_without_a_scenario_an_llm_answers_from_its_input() -> None:
    text = text_of(make_tenant())
    assert text == text_of(make_tenant())
    assert text != text_of(make_tenant(), make_call(input_={"prompt": "other"}))


def test_an_endpoint_of_unknown_kind_gets_no_generated_reply() -> None:
    error = rejection(make_tenant(), make_call("acme/secret"))
    assert error.status == 404
    assert "none is loaded" in error.body["detail"]


@pytest.mark.parametrize(("unmatched", "misses"), [("fail", 1), ("generate", 0)])
def test_the_reply_to_a_miss_is_a_setting(unmatched: str, misses: int) -> None:
    tenant = make_tenant(exchange(when={"via": "run"}), options={"unmatched": unmatched})
    if misses:
        rejection(tenant)
    else:
        assert text_of(tenant)
    assert tenant.journal.miss_count == misses
