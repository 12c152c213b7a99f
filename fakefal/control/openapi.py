"""The control API's description of itself, made of the table of routes and of the shapes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from fakefal.control import schemas
from fakefal.control.guard import TOKEN
from fakefal.control.journal import DROPPED
from fakefal.control.requests import KEY, Asked, Told
from fakefal.control.routes import ROUTES, Route
from fakefal.protocol.core.json_codec import encode

_REFS = "#/components/schemas/{model}"
_REFUSALS = {
    400: "What was sent is not understood.",
    401: "A key or the token is missing.",
    403: "It came from another site, or under a foreign name.",
    404: "There is no such thing.",
    413: "The body is too large.",
    422: "The scenario has mistakes.",
    503: "Not now.",
}
_SECURITY: dict[str, Any] = {
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Key …`, as the client under test sends it: whose tenant is meant.",
    },
    "own_key": {"type": "apiKey", "in": "header", "name": KEY, "description": "The same key."},
    "token": {"type": "http", "scheme": "bearer", "description": "Where a token is demanded."},
    "own_token": {"type": "apiKey", "in": "header", "name": TOKEN},
}


def described(asked: Asked) -> Told:
    """The description, as JSON."""
    return Told(_document(asked.house.version, asked.house.token is not None))


@lru_cache(maxsize=4)
def _document(version: str, has_token: bool) -> bytes:
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        operation = _operation(route, has_token)
        paths.setdefault(f"/_fakefal{route.path}", {})[route.method.lower()] = operation
    return encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "fakefal control API",
                "version": version,
                "description": "What may be asked of a fake fal.ai from outside its process.",
                "license": {"name": "MIT", "identifier": "MIT"},
            },
            "servers": [{"url": "/"}],
            "paths": paths,
            "components": {"schemas": _schemas(), "securitySchemes": _SECURITY},
        }
    )


def _operation(route: Route, has_token: bool) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.handler.replace('.', '_')}_{_suffix(route)}".rstrip("_"),
        "summary": route.summary,
        "tags": [route.handler.partition(".")[0]],
        "parameters": [*_of_path(route), *_of_query(route), *_of_headers(route)],
        "responses": {"200": _given(route), **_refusals(route)},
        "security": _demanded(route, has_token),
    }
    if route.body:
        operation["requestBody"] = _wanted(route)
    return operation


def _suffix(route: Route) -> str:
    """Two routes may have the same handler."""
    return "root" if route.path == "/" else ""


def _of_path(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
        for part in route.path.split("/")
        if part.startswith("{")
    ]


def _of_query(route: Route) -> list[dict[str, Any]]:
    if not route.query:
        return []
    schema = _model(route.query).model_json_schema(ref_template=_REFS)
    return [_parameter(name, one) for name, one in schema.get("properties", {}).items()]


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out: null is no value that a query can hold."""
    schema = {key: value for key, value in schema.items() if key != "title"}
    text = schema.pop("description", "")
    options = [it for it in schema.pop("anyOf", []) if it.get("type") != "null"]
    if options:
        schema = {**options[0], **{key: it for key, it in schema.items() if it is not None}}
    found: dict[str, Any] = {"name": name, "in": "query", "schema": schema}
    if text:
        found["description"] = text
    if schema.get("type") == "array":
        found |= {"style": "form", "explode": False}
        found["schema"] = {**schema, "minItems": 1}
    return found


def _of_headers(route: Route) -> list[dict[str, Any]]:
    if route.handler != "journal.live":
        return []
    text = "Go on after this event: the id of the last one, as browsers send it."
    schema = {"type": "string", "pattern": r"^[0-9]{1,15}\.[0-9]{1,15}$"}
    return [{"name": "Last-Event-ID", "in": "header", "description": text, "schema": schema}]


def _wanted(route: Route) -> dict[str, Any]:
    schema = {"$ref": _REFS.format(model=route.body)}
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    if route.body == "Scenario":
        text = {"type": "string", "description": "A scenario as a file would hold it."}
        content["application/yaml"] = {"schema": text, "example": route.example}
    return {"required": route.body in ("Scenario", "Advance"), "content": content}


def _given(route: Route) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if route.answer.startswith("["):
        name = route.answer.strip("[]")
        schema = {"type": "array", "items": _item(name)}
    elif route.answer:
        schema = {"$ref": _REFS.format(model=route.answer)}
    elif route.content_type == "application/json":
        schema = {"type": "object"}
    found: dict[str, Any] = {
        "description": route.summary,
        "content": {route.content_type: {"schema": schema}},
    }
    if route.handler == "journal.listed":
        told = {"description": "Entries that a full journal has let go; they were the oldest."}
        found["headers"] = {DROPPED: {**told, "schema": {"type": "integer"}}}
    return found


def _item(name: str) -> dict[str, Any]:
    shape = getattr(schemas, name)
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return {"$ref": _REFS.format(model=name)}
    found = TypeAdapter(shape).json_schema(ref_template=_REFS)
    found.pop("$defs", None)
    return found


def _refusals(route: Route) -> dict[str, Any]:
    statuses = [403]
    if route.scope != "public" or route.path == "/ca.pem":
        statuses += [400]
    statuses += [400] if route.scope == "public" else [401]
    if route.query:
        statuses += [404]
    if route.body:
        statuses += [413]
    if route.body == "Scenario":
        statuses += [422]
    if route.path in ("/ready", "/journal/live"):
        statuses += [503]
    schema = {"schema": {"$ref": _REFS.format(model="Refusal")}}
    return {
        str(status): {"description": _REFUSALS[status], "content": {"application/json": schema}}
        for status in sorted(set(statuses))
    }


def _demanded(route: Route, has_token: bool) -> list[dict[str, Any]]:
    """The ways in which a caller may say who it is; an empty one stands for none."""
    if route.scope == "public":
        return [{}]
    ways: list[dict[str, Any]]
    if not has_token:
        ways = [{}] if route.scope == "server" else []
        return ways if route.scope == "server" else [{"key": []}, {"own_key": []}, {}]
    if route.scope == "server":
        return [{"token": []}, {"own_token": []}]
    return [{"token": [], "own_key": []}, {"own_token": [], "key": []}, {"token": []}]


def _schemas() -> dict[str, Any]:
    """Every shape that a route names, with all that it is made of."""
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {
        (schemas.Refusal, "serialization"): None
    }
    for route in ROUTES:
        if route.body:
            wanted[_model(route.body), "validation"] = None
        shape = getattr(schemas, route.answer.strip("[]"), None) if route.answer else None
        if shape is schemas.Miss:
            shape = schemas.MissDetails
        if shape is not None:
            wanted[shape, "serialization"] = None
    _, schema = models_json_schema([*wanted], ref_template=_REFS)
    found: dict[str, Any] = schema["$defs"]
    _drop_nothings(found)
    return found


def _drop_nothings(schema: Any) -> None:
    """Leave out defaults of null: they say that a key may be left out, which ``required`` says."""
    if isinstance(schema, dict):
        if schema.get("default", schema) is None:
            del schema["default"]
        for inner in schema.values():
            _drop_nothings(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _drop_nothings(inner)


def _model(name: str) -> type[BaseModel]:
    found: type[BaseModel] = getattr(schemas, name)
    return found
