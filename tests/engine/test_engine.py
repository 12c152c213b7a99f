from __future__ import annotations

import pytest

from fakefal.engine.core.clock import START
from fakefal.engine.core.journal import JournalEntry
from fakefal.engine.engine import Engine
from fakefal.errors import ScenarioError, SettingError
from fakefal.protocol.core.headers import Credential
from fakefal.protocol.errors.errors import ApiError
from fakefal.scenario.files.loader import load_data
from fakefal.settings import Limits, Settings
from tests.building import ANY_LLM, exchange, make_call, make_engine, scenario, tenant_of


def refusal(engine: Engine, credential: Credential) -> ApiError:
    with pytest.raises(ApiError) as caught:
        engine.tenant_for(credential)
    return caught.value


def test_each_key_has_a_tenant_of_its_own() -> None:
    engine = make_engine()
    one, other = tenant_of(engine, "a:1"), tenant_of(engine, "b:2")
    assert tenant_of(engine, "a:1") is one
    job = one.submit(make_call())
    one.clock.advance(60)
    assert (len(other.queue.jobs), len(other.journal), other.clock.now()) == (0, 0, START)
    with pytest.raises(ApiError, match="404"):
        other.status(ANY_LLM, job.id, with_logs=False)


def test_counts_of_exchanges_are_kept_apart_by_key() -> None:
    engine = make_engine([exchange({"text": "once"}, times=1), exchange({"text": "then"})])
    said = [
        tenant_of(engine, key).submit(make_call()).rendered.outcome.body["output"]
        for key in ("a:1", "b:2", "a:1")
    ]
    assert said == ["once", "once", "then"]


def test_equal_calls_of_different_tenants_get_equal_ids() -> None:
    engine = make_engine()
    ids = [tenant_of(engine, key).submit(make_call()).id for key in ("a:1", "b:2")]
    assert ids[0] == ids[1]


def test_the_scheme_of_the_credential_does_not_make_another_tenant() -> None:
    engine = make_engine()
    assert engine.tenant_for(Credential("bearer", "a:1")) is tenant_of(engine, "a:1")


@pytest.mark.parametrize("key", ["id:secret", "anything", "x"])
def test_every_key_is_good_unless_keys_are_demanded(key: str) -> None:
    assert tenant_of(make_engine(), key).key == key


def test_only_demanded_keys_are_good() -> None:
    engine = make_engine(keys=frozenset({"good:key"}))
    assert tenant_of(engine, "good:key").key == "good:key"
    error = refusal(engine, Credential("key", "bad:key"))
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
        error = refusal(engine, credential)
        assert error.status == 401
        assert "Expected '<key_id>:<key_secret>'" in error.body["detail"]


def test_over_the_bound_the_tenant_unused_for_longest_goes() -> None:
    engine = make_engine(limits=Limits(tenants=2))
    first = tenant_of(engine, "a")
    tenant_of(engine, "b")
    assert tenant_of(engine, "a") is first
    tenant_of(engine, "c")
    assert [tenant.key for tenant in engine.tenants] == ["a", "c"]


def test_a_renewed_tenant_has_nothing_of_the_old_one() -> None:
    engine = make_engine([exchange(times=1)])
    old = tenant_of(engine)
    id_ = old.submit(make_call()).id
    new = engine.reset_tenant("id:secret")
    assert tenant_of(engine) is new
    assert (len(new.queue.jobs), len(new.journal)) == (0, 0)
    assert new.submit(make_call()).id == id_


def test_a_renewed_tenant_can_have_another_clock() -> None:
    engine = make_engine()
    assert engine.reset_tenant("a", clock="instant").clock.kind == "instant"
    assert engine.reset_tenant("b").clock.kind == "manual"


def test_the_home_takes_every_key_that_has_no_tenant() -> None:
    engine = make_engine()
    own = tenant_of(engine, "own")
    engine.default_tenant = engine.reset_tenant("home")
    assert tenant_of(engine, "any") is engine.default_tenant
    assert tenant_of(engine, "own") is own


def test_the_home_takes_no_key_that_is_not_good() -> None:
    engine = make_engine(keys=frozenset({"good"}))
    engine.default_tenant = engine.reset_tenant("home")
    assert refusal(engine, Credential("key", "bad")).status == 401


def test_a_renewed_home_stays_home_and_a_dropped_one_does_not() -> None:
    engine = make_engine()
    engine.default_tenant = engine.reset_tenant("home")
    renewed = engine.reset_tenant("home")
    assert tenant_of(engine, "any") is renewed
    engine.drop("home")
    assert engine.default_tenant is None
    assert tenant_of(engine, "any").key == "any"


def test_another_key_does_not_move_the_home() -> None:
    engine = make_engine()
    home = engine.default_tenant = engine.reset_tenant("home")
    engine.reset_tenant("other")
    engine.drop("other")
    assert engine.default_tenant is home


def test_a_dropped_key_begins_anew() -> None:
    engine = make_engine()
    tenant_of(engine).submit(make_call())
    engine.drop("id:secret")
    engine.drop("never there")
    assert engine.find("id:secret") is None
    assert len(tenant_of(engine).queue.jobs) == 0


def test_listeners_hear_the_tenants_made_after_them() -> None:
    engine = make_engine()
    early = tenant_of(engine, "early")
    heard: list[JournalEntry] = []
    engine.add_listener(heard.append)
    early.submit(make_call())
    late = tenant_of(engine, "late")
    late.submit(make_call())
    assert heard == list(late.journal)


@pytest.mark.parametrize(("clock", "speed"), [("sundial", 1.0), ("real", -1.0)])
def test_a_clock_that_cannot_be_is_refused_at_once(clock: str, speed: float) -> None:
    with pytest.raises(SettingError):
        Engine(Settings(clock=clock, speed=speed))


def test_scenarios_that_disagree_are_refused() -> None:
    loaded = [load_data(scenario(seed=seed), f"{seed}.yaml") for seed in (1, 2)]
    with pytest.raises(ScenarioError, match=r"seed is 2 here and 1 in 1\.yaml"):
        Engine(Settings(), loaded)


def test_the_exchanges_of_several_scenarios_stand_in_their_order() -> None:
    loaded = [
        load_data(scenario(exchange({"text": text}, times=1)), f"{text}.yaml") for text in "ab"
    ]
    tenant = tenant_of(Engine(Settings(clock="manual"), loaded))
    said = [tenant.submit(make_call()).rendered.outcome.body["output"] for _ in range(2)]
    assert said == ["a", "b"]


def test_who_gives_no_key_is_taken_for_the_one_that_came_last() -> None:
    engine = make_engine()
    nobody = engine.fallback_tenant()
    assert engine.fallback_tenant() is nobody
    first, last = tenant_of(engine, "first"), tenant_of(engine, "last")
    assert engine.fallback_tenant() is last
    assert tenant_of(engine, "first") is first is engine.fallback_tenant()
    engine.default_tenant = engine.reset_tenant("home")
    assert tenant_of(engine, "last") is last
    assert engine.fallback_tenant() is engine.default_tenant


def test_strict_keys_are_not_borne() -> None:
    strict = make_engine(options={"keys": "strict"})
    with pytest.raises(ApiError) as caught:
        strict.tenant_for(Credential("bearer", "id:secret"))
    assert caught.value.body == {"detail": "bearer: unable to decode issuer"}
    assert strict.tenant_for(Credential("bearer", "a.b.c")).key == "a.b.c"
    assert make_engine().tenant_for(Credential("bearer", "id:secret")).key == "id:secret"
