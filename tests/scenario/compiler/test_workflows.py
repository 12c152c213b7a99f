"""Workflows made ready: the events of their nodes, in time (protocol.md section 13)."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.call import Json, Outcome
from fakefal.scenario.compiled.reply import CompiledReply
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.compiled.workflows import node_request_id
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.render.outcome import render_outcome, stream_events, template_variables
from tests.building import make_call

ID = "019b7932-a8f4-79a7-bcf4-76073452da2a"


def node(name: str, takes: float = 0.0, **more: Any) -> dict[str, Any]:
    outcome = {} if "fail" in more or "text" in more else {"output": {"of": name}}
    return {"id": name, "app": "acme/tool", "takes": takes, **outcome, **more}


def plan_of(*nodes: dict[str, Any], **more: Any) -> CompiledReply:
    return compile_reply(Reply.model_validate({"workflow": {"nodes": list(nodes), **more}}))


def played(plan: CompiledReply) -> tuple[list[Json], Outcome]:
    call = make_call("workflows/acme/story")
    switches = EffectiveSettings().flags
    ending = render_outcome(plan, call, ID, 1, 0, switches)
    variables = template_variables(call, ID, 1, 0)
    return list(stream_events(plan, ending, variables, switches)), ending.outcome


def told(events: list[Json]) -> list[str]:
    return [f"{event['type']} {event.get('node_id', '')}".strip() for event in events]


def test_nodes_follow_each_other_unless_they_say_otherwise() -> None:
    plan = plan_of(node("a", 1), node("b", 2), node("c", 1, after="a"), node("d", after=[]))
    events, outcome = played(plan)
    assert told(events) == [
        *("submit a", "submit d", "completion d", "completion a"),
        *("submit b", "submit c", "completion c", "completion b", "output"),
    ]
    assert plan.pacing.waits == (0, 0, 0, 1, 0, 0, 1, 1, 0)
    assert plan.run_seconds == 3
    assert outcome.body == {"of": "d"}
    assert events[-1] == {"type": "output", "output": {"of": "d"}}


def test_each_node_has_a_request_of_its_own() -> None:
    events, _ = played(plan_of(node("a"), node("b")))
    ids = [event["request_id"] for event in events if event["type"] == "submit"]
    assert ids == [node_request_id(ID, "a"), node_request_id(ID, "b")]
    assert len(set(ids)) == 2
    assert events[0]["app_id"] == "acme/tool"


def test_text_is_worded_as_its_app_words_it() -> None:
    events, _ = played(
        plan_of(
            node("a", text="{{ input.prompt }}!"), {"id": "b", "app": "fal-ai/any-llm", "text": "x"}
        )
    )
    assert events[1]["output"] == {"output": "hi!"}
    assert events[3]["output"] == {
        "output": "x",
        "reasoning": None,
        "partial": False,
        "error": None,
    }


def test_what_a_workflow_gives_may_be_told() -> None:
    _, outcome = played(plan_of(node("a"), output={"all": "{{ input.prompt }}"}))
    assert outcome.body == {"all": "hi"}


def test_a_failing_node_is_the_end() -> None:
    plan = plan_of(node("a"), node("b", 1, fail="runner_disconnected"), node("c"))
    events, outcome = played(plan)
    assert told(events) == ["submit a", "completion a", "submit b", "error b"]
    assert events[-1]["error"] == {"status": 503, "body": outcome.body}
    assert events[-1]["message"].endswith(node_request_id(ID, "b"))
    assert (outcome.status, plan.run_seconds) == (503, 1)


def test_the_failure_that_comes_first_counts() -> None:
    late = node("a", 5, fail="runner_disconnected")
    early = node("b", 2, fail="content_policy_violation", after=[])
    events, outcome = played(plan_of(late, early, node("c", 1, after=[])))
    assert told(events) == ["submit a", "submit b", "submit c", "completion c", "error b"]
    assert outcome.status == 422


def test_a_timeline_of_its_own_goes_before_the_nodes() -> None:
    reply = {"workflow": {"nodes": [node("a", 9)]}, "timeline": ["IN_PROGRESS"]}
    assert compile_reply(Reply.model_validate(reply)).run_seconds == 0


NODES = st.integers(1, 6).flatmap(
    lambda count: st.tuples(
        *(
            st.fixed_dictionaries(
                {"takes": st.integers(0, 3), "fails": st.booleans()},
                optional={"after": st.sets(st.integers(0, max(0, index - 1)))},
            )
            for index in range(count)
        )
    )
)


@given(NODES)
def test_any_nodes_come_in_an_order_that_can_be(given_nodes: tuple[dict[str, Any], ...]) -> None:
    nodes = []
    for index, it in enumerate(given_nodes):
        more: dict[str, Any] = {"fail": "runner_disconnected"} if it["fails"] else {}
        if "after" in it:
            more["after"] = sorted(str(other) for other in it["after"] if other < index)
        nodes.append(node(str(index), it["takes"], **more))
    plan = plan_of(*nodes)
    events, outcome = played(plan)
    names = told(events)
    assert len(names) == len(set(names)) == len(plan.pacing.waits)
    assert min(plan.pacing.waits) >= 0
    assert sum(plan.pacing.waits) == plan.run_seconds
    for index, name in enumerate(names[:-1]):
        kind, _, which = name.partition(" ")
        assert kind in ("submit", "completion")
        if kind == "completion":
            assert f"submit {which}" in names[:index]
    assert names[-1].startswith("output" if outcome.is_success else "error")
