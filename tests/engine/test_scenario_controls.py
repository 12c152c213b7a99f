from __future__ import annotations

from typing import Any

import pytest

from fakefal.engine.engine import Engine
from fakefal.engine.scenario_controls import ScenarioControls
from fakefal.errors import ScenarioError
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import FaultAbort
from fakefal.scenario.compiled.scenario import LoadedScenario
from fakefal.scenario.files.loader import load_data
from fakefal.settings import Limits
from tests.building import exchange, make_call, make_engine, scenario, tenant_of

KEY = "id:secret"


def sent(*texts: str, file: str = "sent", **more: Any) -> LoadedScenario:
    """A scenario with an exchange for each prompt, which it answers with the prompt."""
    exchanges = [exchange({"text": text}, when={"input": {"prompt": text}}) for text in texts]
    return load_data({**scenario(*exchanges), **more}, file)


def own(engine: Engine, key: str = KEY) -> ScenarioControls:
    return ScenarioControls(engine, tenant_of(engine, key))


def answers(engine: Engine, prompt: str, key: str = KEY) -> str:
    try:
        job = tenant_of(engine, key).submit(make_call(input_={"prompt": prompt}))
    except ApiError as error:
        return str(error.status)
    except FaultAbort as interrupted:
        return str(interrupted.fault.journal_status)
    return str(job.rendered.outcome.body["output"])


def test_a_sent_scenario_answers_only_its_key() -> None:
    engine = make_engine([exchange({"text": "base"})])
    own(engine).replace(sent("a"))
    assert [answers(engine, "a"), answers(engine, "b")] == ["a", "base"]
    assert answers(engine, "a", "other") == "base"


def test_another_scenario_replaces_or_is_appended() -> None:
    engine = make_engine([exchange({"text": "base"})])
    own(engine).replace(sent("a"))
    own(engine).append(sent("b"))
    assert (answers(engine, "a"), answers(engine, "b"), own(engine).count()) == ("a", "b", 2)
    own(engine).replace(sent("c"))
    assert (answers(engine, "a"), answers(engine, "c"), own(engine).count()) == ("base", "c", 1)
    own(engine).clear()
    assert (answers(engine, "c"), own(engine).count()) == ("base", 0)


@pytest.mark.parametrize("way", ["replace", "append"])
def test_a_server_without_scenarios_has_misses_after_one_is_sent(way: str) -> None:
    engine = make_engine()
    assert answers(engine, "x") != "404"
    getattr(own(engine), way)(sent("a"))
    assert (answers(engine, "a"), answers(engine, "x")) == ("a", "404")
    assert answers(engine, "x", "other") != "404"
    own(engine).clear()
    assert answers(engine, "x") != "404"


def test_settings_and_scenario_decide_the_reply_to_misses() -> None:
    engine = make_engine(unmatched="generate")
    own(engine).replace(sent("a"))
    assert answers(engine, "x") != "404"
    described = sent("a", options={"unmatched": "fail"})
    own(engine).replace(described)
    assert answers(engine, "x") == "404"


def test_jobs_and_journal_stay_unless_the_seed_changes() -> None:
    engine = make_engine()
    answers(engine, "x")
    own(engine).replace(sent("a"))
    assert len(tenant_of(engine).queue.jobs) == 1
    own(engine).replace(sent("a", seed=7))
    assert (len(tenant_of(engine).queue.jobs), tenant_of(engine).settings.seed) == (0, 7)
    other = make_engine(seed=7)
    ids = [tenant_of(each).submit(make_call(input_={"prompt": "a"})).id for each in (engine, other)]
    assert ids[0] == ids[1]


def test_another_seed_cannot_be_appended() -> None:
    engine = make_engine()
    with pytest.raises(ScenarioError, match="seed is 7 here and 0 for this key"):
        own(engine).append(sent("a", seed=7))
    own(engine).append(sent("a", seed=0))


def test_the_defaults_of_a_scenario_start_and_end_with_it() -> None:
    engine = make_engine()
    own(engine).replace(sent("a", account="locked"))
    assert answers(engine, "a") == "403"
    own(engine).replace(sent("a"))
    assert answers(engine, "a") == "a"
    own(engine).replace(sent("a", jwks="down"))
    assert tenant_of(engine).webhooks.signing_keys is not None
    own(engine).replace(sent("a", faults={"submit": [500, "ok"]}))
    assert [answers(engine, "a", KEY) for _ in range(2)][1] == "a"


def test_for_all_keys_it_equals_a_server_started_with_it() -> None:
    engine = make_engine([exchange({"text": "base"})])
    own(engine).replace(sent("a"))
    everyone = ScenarioControls(engine, None)
    everyone.replace(sent("b"))
    assert [answers(engine, prompt) for prompt in ("a", "b")] == ["404", "b"]
    everyone.clear()
    assert answers(engine, "b") != "404"
    assert everyone.count() == 0


def test_for_all_keys_appended_exchanges_follow_each_keys_own() -> None:
    engine = make_engine([exchange({"text": "base"}, when={"input": {"prompt": "b"}})])
    own(engine).replace(sent("a"))
    answers(engine, "a")
    ScenarioControls(engine, None).append(load_data(scenario(exchange({"text": "last"})), "last"))
    assert [answers(engine, prompt) for prompt in "abc"] == ["a", "base", "last"]
    assert answers(engine, "c", "other") == "last"
    assert len(tenant_of(engine).journal) == 4


def test_contradicting_scenarios_for_all_keys_change_nothing() -> None:
    engine = make_engine(options={"unmatched": "fail"})
    everyone = ScenarioControls(engine, None)
    with pytest.raises(ScenarioError, match="unmatched is generate here and fail in"):
        everyone.append(sent("a", options={"unmatched": "generate"}))
    assert (everyone.count(), answers(engine, "a")) == (0, "404")


def test_exchanges_are_listed_with_their_use() -> None:
    engine = make_engine([exchange({"text": "base"})])
    loaded = load_data(
        scenario(exchange({"text": "a"}, id="first", times=1, when={"input": {"prompt": "a"}}))
    )
    own(engine).replace(loaded)
    answers(engine, "a")
    answers(engine, "b")
    described = own(engine).describe()
    (first,), (base,) = described["own"], described["loaded"]
    assert (first["label"], first["used"], first["times"], first["is_used_up"]) == (
        "first",
        1,
        1,
        True,
    )
    assert first["exchange"]["reply"] == {"text": "a"}
    assert (base["label"], base["used"], base["is_used_up"]) == ("exchanges[0]", 1, False)
    answers(engine, "b", "other")
    (base,) = ScenarioControls(engine, None).describe()["loaded"]
    assert base["used"] == 2


def test_exchanges_are_limited() -> None:
    engine = make_engine(limits=Limits(added_exchanges=2))
    own(engine).replace(sent("a", "b"))
    with pytest.raises(ScenarioError, match="3 exchanges are more than 2"):
        own(engine).append(sent("c"))
    with pytest.raises(ScenarioError, match="3 exchanges are more than 2"):
        ScenarioControls(engine, None).replace(sent("c", "d", "e"))
    assert own(engine).count() == 2
