"""The control API's description of itself, made of the table of routes and of the shapes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from fakefal.control import schemas
from fakefal.control.guard import TOKEN_HEADER
from fakefal.control.journal import DROPPED_HEADER
from fakefal.control.requests import KEY_HEADER, ApiResponse, ControlRequest
from fakefal.control.routes import ROUTES, Route
from fakefal.protocol.core.json_codec import encode

_REF_TEMPLATE = "#/components/schemas/{model}"
_ERROR_DESCRIPTIONS = {
    400: "What was sent is not understood.",
    401: "A key or the token is missing.",
    403: "It came from another site, or under a foreign name.",
    404: "There is no such thing.",
    413: "The body is too large.",
    422: "The scenario has mistakes.",
    503: "Not now.",
}
_SECURITY_SCHEMES: dict[str, Any] = {
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Key …`, as the client under test sends it: whose tenant is meant.",
    },
    "own_key": {
        "type": "apiKey",
        "in": "header",
        "name": KEY_HEADER,
        "description": "The same key.",
    },
    "token": {"type": "http", "scheme": "bearer", "description": "Where a token is demanded."},
    "own_token": {"type": "apiKey", "in": "header", "name": TOKEN_HEADER},
}


def describe_api(request: ControlRequest) -> ApiResponse:
    """The description, as JSON."""
    return ApiResponse(_document(request.context.version, request.context.token is not None))


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
            "components": {"schemas": _component_schemas(), "securitySchemes": _SECURITY_SCHEMES},
        }
    )


def _operation(route: Route, has_token: bool) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.handler.replace('.', '_')}_{_operation_suffix(route)}".rstrip("_"),
        "summary": route.summary,
        "tags": [route.handler.partition(".")[0]],
        "parameters": [
            *_path_parameters(route),
            *_query_parameters(route),
            *_header_parameters(route),
        ],
        "responses": {"200": _success_response(route), **_error_responses(route)},
        "security": _security(route, has_token),
    }
    if route.body_model:
        operation["requestBody"] = _request_body(route)
    return operation


def _operation_suffix(route: Route) -> str:
    """Two routes may have the same handler."""
    return "root" if route.path == "/" else ""


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
        for part in route.path.split("/")
        if part.startswith("{")
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if not route.query_model:
        return []
    schema = _schema_class(route.query_model).model_json_schema(ref_template=_REF_TEMPLATE)
    return [
        _query_parameter(name, property_schema)
        for name, property_schema in schema.get("properties", {}).items()
    ]


def _query_parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out: null is no value that a query can hold."""
    schema = {key: value for key, value in schema.items() if key != "title"}
    text = schema.pop("description", "")
    options = [option for option in schema.pop("anyOf", []) if option.get("type") != "null"]
    if options:
        schema = {**options[0], **{key: part for key, part in schema.items() if part is not None}}
    parameter: dict[str, Any] = {"name": name, "in": "query", "schema": schema}
    if text:
        parameter["description"] = text
    if schema.get("type") == "array":
        parameter |= {"style": "form", "explode": False}
        parameter["schema"] = {**schema, "minItems": 1}
    return parameter


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    if route.handler != "journal.live":
        return []
    text = "Go on after this event: the id of the last one, as browsers send it."
    schema = {"type": "string", "pattern": r"^[0-9]{1,15}\.[0-9]{1,15}$"}
    return [{"name": "Last-Event-ID", "in": "header", "description": text, "schema": schema}]


def _request_body(route: Route) -> dict[str, Any]:
    schema = {"$ref": _REF_TEMPLATE.format(model=route.body_model)}
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    if route.body_model == "Scenario":
        text = {"type": "string", "description": "A scenario as a file would hold it."}
        content["application/yaml"] = {"schema": text, "example": route.example}
    return {"required": route.body_model in ("Scenario", "Advance"), "content": content}


def _success_response(route: Route) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if route.response.startswith("["):
        name = route.response.strip("[]")
        schema = {"type": "array", "items": _item_schema(name)}
    elif route.response:
        schema = {"$ref": _REF_TEMPLATE.format(model=route.response)}
    elif route.content_type == "application/json":
        schema = {"type": "object"}
    response: dict[str, Any] = {
        "description": route.summary,
        "content": {route.content_type: {"schema": schema}},
    }
    if route.handler == "journal.listed":
        dropped_header = {
            "description": "Entries that a full journal has let go; they were the oldest."
        }
        response["headers"] = {DROPPED_HEADER: {**dropped_header, "schema": {"type": "integer"}}}
    return response


def _item_schema(name: str) -> dict[str, Any]:
    model = getattr(schemas, name)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return {"$ref": _REF_TEMPLATE.format(model=name)}
    schema = TypeAdapter(model).json_schema(ref_template=_REF_TEMPLATE)
    schema.pop("$defs", None)
    return schema


def _error_responses(route: Route) -> dict[str, Any]:
    statuses = [403]
    if route.scope != "public" or route.path == "/ca.pem":
        statuses += [400]
    statuses += [400] if route.scope == "public" else [401]
    if route.query_model:
        statuses += [404]
    if route.body_model:
        statuses += [413]
    if route.body_model == "Scenario":
        statuses += [422]
    if route.path in ("/ready", "/journal/live"):
        statuses += [503]
    schema = {"schema": {"$ref": _REF_TEMPLATE.format(model="Refusal")}}
    return {
        str(status): {
            "description": _ERROR_DESCRIPTIONS[status],
            "content": {"application/json": schema},
        }
        for status in sorted(set(statuses))
    }


def _security(route: Route, has_token: bool) -> list[dict[str, Any]]:
    """The ways in which a caller may say who it is; an empty one stands for none."""
    if route.scope == "public":
        return [{}]
    alternatives: list[dict[str, Any]]
    if not has_token:
        alternatives = [{}] if route.scope == "server" else []
        return alternatives if route.scope == "server" else [{"key": []}, {"own_key": []}, {}]
    if route.scope == "server":
        return [{"token": []}, {"own_token": []}]
    return [{"token": [], "own_key": []}, {"own_token": [], "key": []}, {"token": []}]


def _component_schemas() -> dict[str, Any]:
    """Every shape that a route names, with all that it is made of."""
    models: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {
        (schemas.ErrorBody, "serialization"): None
    }
    for route in ROUTES:
        if route.body_model:
            models[_schema_class(route.body_model), "validation"] = None
        model = getattr(schemas, route.response.strip("[]"), None) if route.response else None
        if model is schemas.Miss:
            model = schemas.MissDetails
        if model is not None:
            models[model, "serialization"] = None
    _, schema = models_json_schema([*models], ref_template=_REF_TEMPLATE)
    definitions: dict[str, Any] = schema["$defs"]
    _drop_null_defaults(definitions)
    return definitions


def _drop_null_defaults(schema: Any) -> None:
    """Leave out defaults of null: they say that a key may be left out, which ``required`` says."""
    if isinstance(schema, dict):
        if schema.get("default", schema) is None:
            del schema["default"]
        for inner in schema.values():
            _drop_null_defaults(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _drop_null_defaults(inner)


def _schema_class(name: str) -> type[BaseModel]:
    model: type[BaseModel] = getattr(schemas, name)
    return model
