"""Validation of ``workflow``."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from fakefal.scenario.model.workflows import WorkflowSpec

A = {"id": "a", "app": "x/y", "output": 1}
B = {"id": "b", "app": "x/y", "output": 1}


@pytest.mark.parametrize(
    "nodes",
    [
        [],
        [{"id": "a", "app": "x/y"}],
        [{"id": "a", "app": "x/y", "text": "t", "output": 1}],
        [{"id": "a", "app": "x/y", "output": 1, "fail": "reset"}],
        [A, A],
        [{**A, "after": "b"}, B],
        [{**A, "after": "a"}],
        [{"id": "", "app": "x/y", "output": 1}],
    ],
)
def test_invalid_nodes_are_rejected(nodes: list[Any]) -> None:
    with pytest.raises(ValidationError):
        WorkflowSpec.model_validate({"nodes": nodes})


def test_a_node_may_wait_for_one_or_many_or_none() -> None:
    nodes = [A, {**B, "after": "a"}, {"id": "c", "app": "x/y", "output": None, "after": []}]
    spec = WorkflowSpec.model_validate({"nodes": nodes})
    assert [node.after for node in spec.nodes] == [None, ["a"], []]
