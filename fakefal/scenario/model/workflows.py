"""``workflow``: what the nodes of a workflow come to, as a scenario writes them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from fakefal.scenario.model.failure import Fail
from fakefal.scenario.model.fields import Duration, OrOne, Output, StrictModel, as_list


class NodeSpec(StrictModel):
    """One node: the app that it calls, and what comes of it."""

    id: str = Field(min_length=1, description="The node_id of its events.")
    app: str = Field(min_length=1, description="The endpoint that it calls: the app_id.")
    output: Output = Field(None, description="What the app answers, any JSON.")
    text: str | None = Field(None, description="The text of a language model's answer.")
    fail: Fail | None = Field(None, description="How the app fails; the workflow ends with it.")
    takes: Duration = Field(0.0, description="How long it takes.")
    after: Annotated[list[str] | None, BeforeValidator(as_list), OrOne()] = Field(
        None, description="The nodes that it waits for. Default: the one before it; [] for none."
    )

    @model_validator(mode="after")
    def _check_one_outcome(self) -> NodeSpec:
        outcomes = [
            *(["output"] if "output" in self.model_fields_set else []),
            *(["text"] if self.text is not None else []),
            *(["fail"] if self.fail is not None else []),
        ]
        if len(outcomes) > 1:
            raise PydanticCustomError(
                "conflict", "{names} cannot stand together", {"names": " and ".join(outcomes)}
            )
        if not outcomes:
            raise PydanticCustomError("node_form", "does not say what comes of the node")
        return self


class WorkflowSpec(StrictModel):
    """The nodes of a workflow in order, and what it gives."""

    nodes: list[NodeSpec] = Field(min_length=1)
    output: Output = Field(None, description="What the workflow gives. Default: its last node's.")

    @model_validator(mode="after")
    def _check_node_ids(self) -> WorkflowSpec:
        node_ids: set[str] = set()
        for node in self.nodes:
            if node.id in node_ids:
                raise PydanticCustomError("node_twice", "two nodes are {id}", {"id": node.id})
            for other in node.after or ():
                if other not in node_ids:
                    raise PydanticCustomError(
                        "node_after",
                        "{id} waits for {other}, which is no node before it",
                        {"id": node.id, "other": other},
                    )
            node_ids.add(node.id)
        return self
