"""Workflows made ready: when their nodes begin and end, and the events that tell of it.

Source: documented (protocol.md section 13); when a node begins is the fake's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from fakefal.protocol.core.call import Json, Outcome
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.protocol.llm.endpoints import llm_api_of
from fakefal.scenario.values.seeded import digest

if TYPE_CHECKING:
    from fakefal.scenario.model.scenario import Reply
    from fakefal.scenario.model.workflows import NodeSpec, WorkflowSpec


@dataclass(frozen=True, slots=True)
class Workflow:
    """What a plan has of a workflow: the node that fails, if one does, and its waits in seconds.

    ``waits`` stand before each event, the last included.
    """

    failing_node: str | None
    waits: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _NodeEvent:
    """An event of a node, and when it comes."""

    at: float
    event: dict[str, Json]


def without_workflow(reply: Reply) -> tuple[Reply, Workflow | None]:
    """A reply whose workflow has become an outcome, a timeline and listed events."""
    spec = reply.workflow
    if spec is None:
        return reply, None
    from fakefal.scenario.model.scenario import Reply as Model

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
    return Model.model_validate(data), workflow


def _schedule(spec: WorkflowSpec) -> tuple[list[_NodeEvent], NodeSpec | None, float]:
    """The events of the nodes in the order of time, the node that fails first, and the end.

    What would come after the failure does not.
    """
    ends: dict[str, float] = {}
    node_events: list[_NodeEvent] = []
    failed: NodeSpec | None = None
    for number, node in enumerate(spec.nodes):
        waits_for = node.after
        if waits_for is None:
            waits_for = [spec.nodes[number - 1].id] if number else []
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


def _fails(spec: WorkflowSpec, name: str) -> bool:
    """Whether a node fails, or never begins because one before it does."""
    nodes = {node.id: node for node in spec.nodes}
    node = nodes[name]
    if node.fail is not None:
        return True
    waits_for = node.after
    if waits_for is None:
        number = spec.nodes.index(node)
        waits_for = [spec.nodes[number - 1].id] if number else []
    return any(_fails(spec, other) for other in waits_for)


def _event(type_: str, node: NodeSpec, **fields: Json) -> dict[str, Json]:
    return {"type": type_, "node_id": node.id, **fields}


def _output(node: NodeSpec) -> Json:
    if node.text is None:
        return node.output
    endpoint = parse_endpoint(node.app)
    if endpoint is None or llm_api_of(endpoint) is None:
        return {"output": node.text}
    return {"output": node.text, "reasoning": None, "partial": False, "error": None}


def node_request_id(request_id: str, node_id: str) -> str:
    """The id of the request that a node makes; it follows from that of the workflow."""
    hex_digest = digest("node", request_id, node_id).hex()
    return f"{request_id[:14]}7{hex_digest[:3]}-8{hex_digest[3:6]}-{hex_digest[6:18]}"


def workflow_events(
    workflow: Workflow, events: list[Any], outcome: Outcome, request_id: str
) -> Iterator[Json]:
    """The events of the nodes with their request ids, then the output or the error."""
    for event in events:
        if event["type"] == "submit":
            event = {**event, "request_id": node_request_id(request_id, event["node_id"])}
        yield event
    if workflow.failing_node is None:
        yield {"type": "output", "output": outcome.body}
        return
    body = outcome.body if not isinstance(outcome.body, bytes) else outcome.body.decode("latin-1")
    failing_request_id = node_request_id(request_id, workflow.failing_node)
    yield {
        "type": "error",
        "node_id": workflow.failing_node,
        "message": f"Error while fetching the result of the request {failing_request_id}",
        "error": {"status": outcome.status, "body": body},
    }
