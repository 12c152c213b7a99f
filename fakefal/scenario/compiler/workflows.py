"""Compiles ``workflow`` of a reply: a schedule of its nodes, as an outcome, a timeline and events.

When each node begins is fakefal's own; the events are fal's.
Source: documented (docs/reference/protocol.md#workflows).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.scenario.compiled.workflows import Workflow
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.model.workflows import NodeSpec, WorkflowSpec


@dataclass(frozen=True, slots=True)
class _NodeEvent:
    """``at`` is in seconds after the workflow begins."""

    at: float
    event: dict[str, Json]


def without_workflow(reply: Reply) -> tuple[Reply, Workflow | None]:
    """The same reply with an outcome, a timeline and listed events in place of its workflow."""
    spec = reply.workflow
    if spec is None:
        return reply, None
    node_events, failed, end = _schedule(spec)
    data = reply.model_dump(by_alias=True, exclude_unset=True, exclude={"workflow"})
    if failed is None:
        last = spec.nodes[-1]
        data["output"] = spec.output if "output" in spec.model_fields_set else _output(last)
    else:
        data["fail"] = failed.model_dump(by_alias=True, exclude_unset=True)["fail"]
    if end and "timeline" not in data:
        data["timeline"] = ["IN_QUEUE", {"IN_PROGRESS": {"for": end}}]
    stream = data.get("stream") or {}
    data["stream"] = {**stream, "events": [node_event.event for node_event in node_events]}
    instants = [0.0, *(node_event.at for node_event in node_events), end]
    waits = tuple(round(later - sooner, 6) for sooner, later in pairwise(instants))
    workflow = Workflow(None if failed is None else failed.id, waits)
    return Reply.model_validate(data), workflow


def _schedule(spec: WorkflowSpec) -> tuple[list[_NodeEvent], NodeSpec | None, float]:
    """The events of the nodes by time, the node that fails first, and the end of the workflow.

    The workflow ends with its first failure; later events are left out.
    """
    ends: dict[str, float] = {}
    node_events: list[_NodeEvent] = []
    failed: NodeSpec | None = None
    for node in spec.nodes:
        waits_for = _waits_for(spec, node)
        begins_at = max((ends[other] for other in waits_for), default=0.0)
        ends[node.id] = end = round(begins_at + node.takes, 6)
        if any(_fails(spec, other) for other in waits_for):
            ends[node.id] = float("inf")
            continue
        node_events.append(_NodeEvent(begins_at, _event("submit", node, app_id=node.app)))
        if node.fail is None:
            node_events.append(_NodeEvent(end, _event("completion", node, output=_output(node))))
        elif failed is None or end < ends[failed.id]:
            failed = node
    node_events.sort(key=lambda node_event: node_event.at)
    if failed is None:
        return node_events, None, max(ends.values())
    end = ends[failed.id]
    return [node_event for node_event in node_events if node_event.at <= end], failed, end


def _waits_for(spec: WorkflowSpec, node: NodeSpec) -> list[str]:
    """The ids of the nodes that must end before a node begins: by default the previous one."""
    if node.after is not None:
        return node.after
    number = spec.nodes.index(node)
    return [spec.nodes[number - 1].id] if number else []


def _fails(spec: WorkflowSpec, node_id: str) -> bool:
    """Whether a node fails, or never begins because one before it fails."""
    node = next(node for node in spec.nodes if node.id == node_id)
    if node.fail is not None:
        return True
    return any(_fails(spec, other) for other in _waits_for(spec, node))


def _event(type_: str, node: NodeSpec, **fields: Json) -> dict[str, Json]:
    return {"type": type_, "node_id": node.id, **fields}


def _output(node: NodeSpec) -> Json:
    if node.text is None:
        return node.output
    endpoint = parse_endpoint(node.app)
    if endpoint is None or endpoint.llm_api is None:
        return {"output": node.text}
    return {"output": node.text, "reasoning": None, "partial": False, "error": None}
