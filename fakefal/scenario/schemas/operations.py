"""Answers the operations of whole API descriptions (``openapi:`` at the top of a scenario)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.hosts import canonical_host
from fakefal.scenario.schemas.description import ApiOperation, Description, Schema
from fakefal.scenario.schemas.generator import Generator
from fakefal.scenario.schemas.inputs import InputModel
from fakefal.scenario.values.seeded import canonical_json, seeded_numbers

_PARAMETER = re.compile(r"\{[^{}/]*\}")


@dataclass(frozen=True, slots=True)
class OperationResult:
    """A response: the body is JSON, or nothing if the operation returns none.

    With ``errors``, the ``detail`` list of an invalid body, it is a 422.
    """

    status: int
    body: Json = None
    has_body: bool = False
    errors: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    description: Description
    operation: ApiOperation
    hosts: frozenset[str]
    """The canonical hosts of fal that the servers name; empty for any."""
    pattern: re.Pattern[str]


class Operations:
    """The operations of several descriptions; paths without parameters go first."""

    def __init__(self, apis: Iterable[Description]) -> None:
        self._places = [place for api in apis for place in _places(api)]
        self._places.sort(key=lambda place: len(_PARAMETER.findall(place.operation.path)))
        self._models: dict[int, InputModel | None] = {}

    def answer(
        self, host: str, method: str, path: str, body: Json, seed: int
    ) -> OperationResult | None:
        """The response to a request; None if no operation has this method and path.

        Equal requests get equal responses. Raises SchemaError.
        """
        for place in self._places:
            is_here = not place.hosts or host in place.hosts
            if is_here and place.operation.method == method and place.pattern.fullmatch(path):
                return self._answer(place, path, body, seed)
        return None

    def _answer(self, place: _Place, path: str, body: Json, seed: int) -> OperationResult:
        model = self._model(place)
        if model is not None and (errors := model.check(body).errors):
            return OperationResult(422, errors=tuple(errors))
        description, operation = place.description, place.operation
        status, schema = description.response_schema(operation.spec)
        if schema is None:
            return OperationResult(status)
        about = (str(seed), operation.method, path, canonical_json(body))
        numbers = seeded_numbers("operation", *about)
        value = Generator(description, numbers).generate(schema, _name(operation))
        return OperationResult(status, value, has_body=True)

    def _model(self, place: _Place) -> InputModel | None:
        """The model of a required JSON body."""
        if id(place) not in self._models:
            description = place.description
            request = place.operation.spec.get("requestBody")
            body: Schema = request if isinstance(request, dict) else {}
            schema = description.json_schema(body) if body.get("required") is True else None
            name = f"{_name(place.operation)} body"
            model = None if schema is None else InputModel(description, schema, name)
            self._models[id(place)] = model
        return self._models[id(place)]


def _name(operation: ApiOperation) -> str:
    return f"{operation.method} {operation.path}"


def _places(api: Description) -> Iterable[_Place]:
    servers = api.document.get("servers")
    urls = [
        urlsplit(server["url"])
        for server in (servers if isinstance(servers, list) else ())
        if isinstance(server, dict) and isinstance(server.get("url"), str)
    ]
    hosts = frozenset(filter(None, (canonical_host(url.netloc) for url in urls)))
    bases = {url.path.rstrip("/") for url in urls} or {""}
    prefix = f"(?:{'|'.join(map(re.escape, sorted(bases)))})"
    for operation in api.operations():
        literal = [re.escape(part) for part in _PARAMETER.split(operation.path)]
        pattern = re.compile(prefix + "[^/]+".join(literal) + "/?")
        yield _Place(api, operation, hosts, pattern)
