"""``workflow``: the nodes of a workflow, with the result of each."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from fakefal.scenario.model.failure import Fail
from fakefal.scenario.model.fields import Duration, OrOne, Output, StrictModel, as_list


class NodeSpec(StrictModel):
    """One node: the app that it calls, and the result of that call."""

    id: str = Field(min_length=1, description="The node_id of its events.")
    app: str = Field(
        min_length=1, description="The endpoint that it calls: the app_id of its events."
    )
    output: Output = Field(None, description="The app's output, any JSON.")
    text: str | None = Field(None, description="A language model's output text.")
    fail: Fail | None = Field(None, description="The failure of the app; it ends the workflow.")
    takes: Duration = Field(0.0, description="Its duration.")
    after: Annotated[list[str] | None, BeforeValidator(as_list), OrOne()] = Field(
        None, description="The nodes it waits for. Default: the previous one; [] for none."
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
                "conflict", "{names} cannot be used together", {"names": " and ".join(outcomes)}
            )
        if not outcomes:
            raise PydanticCustomError("node_form", "has no result")
        return self


class WorkflowSpec(StrictModel):
    """The nodes of a workflow in order, and its output."""

    nodes: list[NodeSpec] = Field(min_length=1)
    output: Output = Field(
        None, description="The workflow's output. Default: that of its last node."
    )

    @model_validator(mode="after")
    def _check_node_ids(self) -> WorkflowSpec:
        node_ids: set[str] = set()
        for node in self.nodes:
            if node.id in node_ids:
                raise PydanticCustomError(
                    "node_twice", "two nodes have the id {id}", {"id": node.id}
                )
            for other in node.after or ():
                if other not in node_ids:
                    raise PydanticCustomError(
                        "node_after",
                        "{id} waits for {other}, which is not an earlier node",
                        {"id": node.id, "other": other},
                    )
            node_ids.add(node.id)
        return self
