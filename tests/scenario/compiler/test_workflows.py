"""Compiling workflows: the events of their nodes, by time."""

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


def node(name: str, takes: float = 0.0, **fields: Any) -> dict[str, Any]:
    outcome = {} if "fail" in fields or "text" in fields else {"output": {"of": name}}
    return {"id": name, "app": "acme/tool", "takes": takes, **outcome, **fields}


def compiled(*nodes: dict[str, Any], **workflow: Any) -> CompiledReply:
    return compile_reply(Reply.model_validate({"workflow": {"nodes": list(nodes), **workflow}}))


def run(reply: CompiledReply) -> tuple[list[Json], Outcome]:
    call = make_call("workflows/acme/story")
    flags = EffectiveSettings().flags
    rendered = render_outcome(reply, call, ID, 1, 0, flags)
    variables = template_variables(call, ID, 1, 0)
    return list(stream_events(reply, rendered, variables, flags)), rendered.outcome


def summary(events: list[Json]) -> list[str]:
    return [f"{event['type']} {event.get('node_id', '')}".strip() for event in events]


def test_nodes_follow_each_other_by_default() -> None:
    reply = compiled(node("a", 1), node("b", 2), node("c", 1, after="a"), node("d", after=[]))
    events, outcome = run(reply)
    assert summary(events) == [
        *("submit a", "submit d", "completion d", "completion a"),
        *("submit b", "submit c", "completion c", "completion b", "output"),
    ]
    assert reply.pacing.waits == (0, 0, 0, 1, 0, 0, 1, 1, 0)
    assert reply.run_seconds == 3
    assert outcome.body == {"of": "d"}
    assert events[-1] == {"type": "output", "output": {"of": "d"}}


def test_each_node_has_its_own_request() -> None:
    events, _ = run(compiled(node("a"), node("b")))
    ids = [event["request_id"] for event in events if event["type"] == "submit"]
    assert ids == [node_request_id(ID, "a"), node_request_id(ID, "b")]
    assert len(set(ids)) == 2
    assert events[0]["app_id"] == "acme/tool"


def test_a_text_has_the_form_of_its_app() -> None:
    events, _ = run(
        compiled(
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


def test_a_workflow_may_have_its_own_output() -> None:
    _, outcome = run(compiled(node("a"), output={"all": "{{ input.prompt }}"}))
    assert outcome.body == {"all": "hi"}


def test_a_failing_node_ends_the_workflow() -> None:
    reply = compiled(node("a"), node("b", 1, fail="runner_disconnected"), node("c"))
    events, outcome = run(reply)
    assert summary(events) == ["submit a", "completion a", "submit b", "error b"]
    assert events[-1]["error"] == {"status": 503, "body": outcome.body}
    assert events[-1]["message"].endswith(node_request_id(ID, "b"))
    assert (outcome.status, reply.run_seconds) == (503, 1)


def test_the_first_failure_ends_the_workflow() -> None:
    late = node("a", 5, fail="runner_disconnected")
    early = node("b", 2, fail="content_policy_violation", after=[])
    events, outcome = run(compiled(late, early, node("c", 1, after=[])))
    assert summary(events) == ["submit a", "submit b", "submit c", "completion c", "error b"]
    assert outcome.status == 422


def test_a_timeline_overrides_the_duration_of_the_nodes() -> None:
    data = {"workflow": {"nodes": [node("a", 9)]}, "timeline": ["IN_PROGRESS"]}
    assert compile_reply(Reply.model_validate(data)).run_seconds == 0


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
def test_events_of_any_nodes_are_in_a_possible_order(specs: tuple[dict[str, Any], ...]) -> None:
    nodes = []
    for index, spec in enumerate(specs):
        fields: dict[str, Any] = {"fail": "runner_disconnected"} if spec["fails"] else {}
        if "after" in spec:
            fields["after"] = sorted(str(other) for other in spec["after"] if other < index)
        nodes.append(node(str(index), spec["takes"], **fields))
    reply = compiled(*nodes)
    events, outcome = run(reply)
    names = summary(events)
    assert len(names) == len(set(names)) == len(reply.pacing.waits)
    assert min(reply.pacing.waits) >= 0
    assert sum(reply.pacing.waits) == reply.run_seconds
    for index, name in enumerate(names[:-1]):
        kind, _, which = name.partition(" ")
        assert kind in ("submit", "completion")
        if kind == "completion":
            assert f"submit {which}" in names[:index]
    assert names[-1].startswith("output" if outcome.is_success else "error")
