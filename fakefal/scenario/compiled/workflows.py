"""The compiled part of a workflow that its reply does not have, and the events of its nodes.

Source: documented (docs/reference/protocol.md#workflows).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fakefal.protocol.core.call import Json, Outcome
from fakefal.scenario.values.seeded import digest


@dataclass(frozen=True, slots=True)
class Workflow:
    """The id of the node that fails, if one does, and the seconds before each event.

    The last of ``waits`` comes before the output or the error.
    """

    failing_node: str | None
    waits: tuple[float, ...]


def node_request_id(request_id: str, node_id: str) -> str:
    """The id of the request that a node makes, derived from that of the workflow."""
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
