from __future__ import annotations

import gc
import sys
import weakref

import pytest

from fakefal.engine.core.clock import START
from fakefal.engine.core.journal import JournalEntry
from fakefal.engine.engine import Engine
from fakefal.engine.files.blobs import MemoryBlob
from fakefal.errors import ScenarioError, SettingError
from fakefal.protocol.core.headers import Credential
from fakefal.protocol.errors.errors import ApiError
from fakefal.scenario.compiled.index import ExchangeIndex
from fakefal.scenario.files.loader import load_data
from fakefal.settings import Limits, Settings
from tests.building import ANY_LLM, exchange, make_call, make_engine, scenario, tenant_of


def rejection(engine: Engine, credential: Credential) -> ApiError:
    with pytest.raises(ApiError) as caught:
        engine.tenant_for(credential)
    return caught.value


def test_each_key_has_its_own_tenant() -> None:
    engine = make_engine()
    one, other = tenant_of(engine, "a:1"), tenant_of(engine, "b:2")
    assert tenant_of(engine, "a:1") is one
    job = one.submit(make_call())
    one.clock.advance(60)
    assert (len(other.queue.jobs), len(other.journal), other.clock.now()) == (0, 0, START)
    with pytest.raises(ApiError, match="404"):
        other.status(ANY_LLM, job.id, with_logs=False)


def test_use_counts_are_separate_by_key() -> None:
    engine = make_engine([exchange({"text": "once"}, times=1), exchange({"text": "then"})])
    texts = [
        tenant_of(engine, key).submit(make_call()).rendered.outcome.body["output"]
        for key in ("a:1", "b:2", "a:1")
    ]
    assert texts == ["once", "once", "then"]


def test_equal_calls_of_different_tenants_get_equal_ids() -> None:
    engine = make_engine()
    ids = [tenant_of(engine, key).submit(make_call()).id for key in ("a:1", "b:2")]
    assert ids[0] == ids[1]


def test_the_scheme_of_the_credential_does_not_make_another_tenant() -> None:
    engine = make_engine()
    assert engine.tenant_for(Credential("bearer", "a:1")) is tenant_of(engine, "a:1")


@pytest.mark.parametrize("key", ["id:secret", "anything", "x"])
def test_every_key_is_accepted_without_a_list_of_keys(key: str) -> None:
    assert tenant_of(make_engine(), key).key == key


def test_with_a_list_only_its_keys_are_accepted() -> None:
    engine = make_engine(keys=frozenset({"good:key"}))
    assert tenant_of(engine, "good:key").key == "good:key"
    error = rejection(engine, Credential("key", "bad:key"))
    assert (error.status, error.body) == (401, {"detail": "invalid key credentials"})
    assert [tenant.key for tenant in engine.tenants] == ["good:key"]


@pytest.mark.parametrize(
    ("credential", "is_good"),
    [
        (Credential("key", "id:secret"), True),
        (Credential("key", "secret"), False),
        (Credential("bearer", "a.b.c"), True),
    ],
)
def test_strict_keys_have_an_id_and_a_secret(credential: Credential, is_good: bool) -> None:
    engine = make_engine(options={"keys": "strict"})
    if is_good:
        assert engine.tenant_for(credential).key == credential.token
    else:
        error = rejection(engine, credential)
        assert error.status == 401
        assert "Expected '<key_id>:<key_secret>'" in error.body["detail"]


def test_over_the_limit_the_least_recently_used_tenant_is_dropped() -> None:
    engine = make_engine(limits=Limits(tenants=2))
    first = tenant_of(engine, "a")
    tenant_of(engine, "b")
    assert tenant_of(engine, "a") is first
    tenant_of(engine, "c")
    assert [tenant.key for tenant in engine.tenants] == ["a", "c"]


def test_if_every_key_has_unfinished_work_a_new_one_is_refused() -> None:
    engine = make_engine(limits=Limits(tenants=2))
    job = tenant_of(engine, "a").submit(make_call())
    tenant_of(engine, "b").set_own_index(
        ExchangeIndex(tenant_of(make_engine([exchange()])).base_index.exchanges)
    )
    tenant_of(engine, "b").set_settings(engine.effective_settings)
    with pytest.raises(ApiError, match="all 2 keys have unfinished work or a scenario") as caught:
        tenant_of(engine, "c")
    assert caught.value.status == 429
    assert engine.bounds.lines() == [
        "1 refused by the limit of tenants — raise it with --limit tenants=NUMBER"
    ]
    tenant_of(engine, "a").cancel(job.call.endpoint.app, job.id)
    tenant_of(engine, "c")
    assert [tenant.key for tenant in engine.tenants] == ["b", "c"]


def test_a_reset_tenant_has_nothing_of_the_old_one() -> None:
    engine = make_engine([exchange(times=1)])
    old = tenant_of(engine)
    id_ = old.submit(make_call()).id
    new = engine.reset_tenant("id:secret")
    assert tenant_of(engine) is new
    assert (len(new.queue.jobs), len(new.journal)) == (0, 0)
    assert new.submit(make_call()).id == id_


def test_a_reset_tenant_can_have_another_clock() -> None:
    engine = make_engine()
    assert engine.reset_tenant("a", clock="instant").clock.kind == "instant"
    assert engine.reset_tenant("b").clock.kind == "manual"


def test_the_default_tenant_takes_every_key_without_a_tenant() -> None:
    engine = make_engine()
    own = tenant_of(engine, "own")
    engine.default_tenant = engine.reset_tenant("default")
    assert tenant_of(engine, "any") is engine.default_tenant
    assert tenant_of(engine, "own") is own


def test_the_default_tenant_rejects_invalid_keys() -> None:
    engine = make_engine(keys=frozenset({"good"}))
    engine.default_tenant = engine.reset_tenant("default")
    assert rejection(engine, Credential("key", "bad")).status == 401


def test_a_reset_default_tenant_stays_the_default_and_a_dropped_one_does_not() -> None:
    engine = make_engine()
    engine.default_tenant = engine.reset_tenant("default")
    reset = engine.reset_tenant("default")
    assert tenant_of(engine, "any") is reset
    engine.drop("default")
    assert engine.default_tenant is None
    assert tenant_of(engine, "any").key == "any"


def test_another_key_does_not_change_the_default_tenant() -> None:
    engine = make_engine()
    default = engine.default_tenant = engine.reset_tenant("default")
    engine.reset_tenant("other")
    engine.drop("other")
    assert engine.default_tenant is default


def test_a_dropped_key_gets_a_new_tenant() -> None:
    engine = make_engine()
    tenant_of(engine).submit(make_call())
    engine.drop("id:secret")
    engine.drop("never there")
    assert engine.find("id:secret") is None
    assert len(tenant_of(engine).queue.jobs) == 0


def test_listeners_get_the_entries_of_later_tenants() -> None:
    engine = make_engine()
    early = tenant_of(engine, "early")
    entries: list[JournalEntry] = []
    engine.add_listener(entries.append)
    early.submit(make_call())
    late = tenant_of(engine, "late")
    late.submit(make_call())
    assert entries == list(late.journal)


@pytest.mark.parametrize(("clock", "speed"), [("sundial", 1.0), ("real", -1.0)])
def test_an_invalid_clock_is_rejected_immediately(clock: str, speed: float) -> None:
    with pytest.raises(SettingError):
        Engine(Settings(clock=clock, speed=speed))


def test_contradicting_scenarios_are_rejected() -> None:
    loaded = [load_data(scenario(seed=seed), f"{seed}.yaml") for seed in (1, 2)]
    with pytest.raises(ScenarioError, match=r"seed is 2 here and 1 in 1\.yaml"):
        Engine(Settings(), loaded)


def test_the_exchanges_of_several_scenarios_keep_their_order() -> None:
    loaded = [
        load_data(scenario(exchange({"text": text}, times=1)), f"{text}.yaml") for text in "ab"
    ]
    tenant = tenant_of(Engine(Settings(clock="manual"), loaded))
    texts = [tenant.submit(make_call()).rendered.outcome.body["output"] for _ in range(2)]
    assert texts == ["a", "b"]


def test_a_request_without_a_key_gets_the_last_used_tenant() -> None:
    engine = make_engine()
    anonymous = engine.fallback_tenant()
    assert engine.fallback_tenant() is anonymous
    first, last = tenant_of(engine, "first"), tenant_of(engine, "last")
    assert engine.fallback_tenant() is last
    assert tenant_of(engine, "first") is first is engine.fallback_tenant()
    engine.default_tenant = engine.reset_tenant("default")
    assert tenant_of(engine, "last") is last
    assert engine.fallback_tenant() is engine.default_tenant


def test_strict_keys_are_not_accepted_as_bearer_tokens() -> None:
    strict = make_engine(options={"keys": "strict"})
    with pytest.raises(ApiError) as caught:
        strict.tenant_for(Credential("bearer", "id:secret"))
    assert caught.value.body == {"detail": "bearer: unable to decode issuer"}
    assert strict.tenant_for(Credential("bearer", "a.b.c")).key == "a.b.c"
    assert make_engine().tenant_for(Credential("bearer", "id:secret")).key == "id:secret"


def test_a_replaced_tenant_is_freed_at_once() -> None:
    engine = make_engine()
    gc.collect()
    gc.disable()
    try:
        for way in ("reset", "drop"):
            tenant = tenant_of(engine, way)
            tenant.submit(make_call(webhook="http://127.0.0.1:9/"))
            blob = MemoryBlob(b"x" * 1000)
            tenant.files.add(
                tenant.files.new_url("v3.fal.media", "a", "b/c", "put"), "a", "b/c", blob
            )
            watched = weakref.ref(tenant), weakref.ref(tenant.journal)
            del tenant
            engine.reset_tenant(way) if way == "reset" else engine.drop(way)
            assert sys.getrefcount(blob) == 2
            assert [ref() for ref in watched] == [None, None]
    finally:
        gc.enable()
