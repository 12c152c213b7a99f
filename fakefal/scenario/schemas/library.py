"""The endpoints that have a description, and what is made from it when it is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.scenario.compiled.environment import matches_glob
from fakefal.scenario.schemas.description import Description, Schema
from fakefal.scenario.schemas.inputs import InputModel

if TYPE_CHECKING:
    from fakefal.scenario.schemas.operations import Operations


class EndpointSchema:
    """What a description says about one endpoint; models are built at their first use."""

    def __init__(self, description: Description) -> None:
        self.description = description

    @cached_property
    def input_model(self) -> InputModel | None:
        """The model of inputs; None without a schema for them. Raises SchemaError."""
        schema = self.description.input_schema
        return None if schema is None else InputModel(self.description, schema)

    @cached_property
    def output_model(self) -> InputModel | None:
        """The model of outputs, for checks of scripted ones. Raises SchemaError."""
        schema = self.output_schema
        return None if schema is None else InputModel(self.description, schema, "output")

    @cached_property
    def output_schema(self) -> Schema | None:
        """The schema of outputs; None if the description has none."""
        return self.description.output_schema

    def output(self, endpoint: str, input_: Json, seed: int) -> Json:
        """A generated output with FileRef in place of files; raises SchemaError."""
        from fakefal.scenario.schemas.outputs import make_output  # scripted calls need none

        assert self.output_schema is not None
        return make_output(self.description, self.output_schema, endpoint, input_, seed)


class SchemaLibrary:
    """Descriptions by endpoint. Later ones replace earlier ones of the same endpoint.

    ``named`` are pairs of an endpoint pattern and a description, which go before the others;
    ``apis`` are descriptions of whole APIs (``openapi:`` at the top of a scenario).
    """

    def __init__(
        self,
        descriptions: Iterable[Description] = (),
        named: Iterable[tuple[str, Description]] = (),
        apis: Iterable[Description] = (),
    ) -> None:
        self._descriptions = {description.endpoint: description for description in descriptions}
        self._named = list(dict(named).items())
        self.apis = tuple(apis)
        self._found: dict[str, EndpointSchema | None] = {}

    def extended(
        self,
        descriptions: Iterable[Description],
        named: Iterable[tuple[str, Description]],
        apis: Iterable[Description],
    ) -> SchemaLibrary:
        """A library with more descriptions; those win over the ones that are here."""
        return SchemaLibrary(
            (*self._descriptions.values(), *descriptions),
            (*named, *((pattern, it) for pattern, it in self._named if pattern not in dict(named))),
            (*self.apis, *apis),
        )

    def find(self, endpoint: EndpointId) -> EndpointSchema | None:
        """The schema of an endpoint; None if nothing describes it."""
        try:
            return self._found[endpoint.text]
        except KeyError:
            description = self._description(endpoint)
            schema = None if description is None else EndpointSchema(description)
            if len(self._found) < _MAX_REMEMBERED:
                self._found[endpoint.text] = schema
            return schema

    def _description(self, endpoint: EndpointId) -> Description | None:
        for pattern, description in self._named:
            if pattern == endpoint.text or matches_glob(pattern, endpoint.text):
                return description
        return self._descriptions.get(endpoint.text)

    @cached_property
    def operations(self) -> Operations:
        """The operations of ``apis``."""
        from fakefal.scenario.schemas.operations import Operations  # few scenarios have any

        return Operations(self.apis)

    def endpoints(self) -> Iterator[str]:
        """The ids of the endpoints that have a description, without patterns."""
        names = [*(name for name, _ in self._named if "*" not in name), *self._descriptions]
        yield from (name for name in dict.fromkeys(names) if name and "?" not in name)


_MAX_REMEMBERED = 2_000
"""Callers choose endpoint names, so what is remembered of them has a bound."""
