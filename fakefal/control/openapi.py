"""Generates the OpenAPI description from the route table and the schemas."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from fakefal.control import schemas
from fakefal.control.guard import TOKEN_HEADER
from fakefal.control.journal import DROPPED_HEADER, TOTAL_HEADER
from fakefal.control.requests import KEY_HEADER, ApiResponse, ControlRequest
from fakefal.control.routes import ROUTES, ApiRoute
from fakefal.protocol.core.json_codec import encode

_REF_TEMPLATE = "#/components/schemas/{model}"
_ERROR_DESCRIPTIONS = {
    400: "A parameter or the body is invalid.",
    401: "A key or the token is missing.",
    403: "The request came from another site, or its Host is not allowed.",
    404: "There is no such tenant, job or route.",
    413: "The body is too large.",
    422: "The scenario is invalid.",
    503: "Not available at the moment.",
}
_SECURITY_SCHEMES: dict[str, Any] = {
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Key …` as sent by the client under test; it selects the tenant.",
    },
    "own_key": {
        "type": "apiKey",
        "in": "header",
        "name": KEY_HEADER,
        "description": "The same key.",
    },
    "token": {"type": "http", "scheme": "bearer", "description": "If the server requires a token."},
    "own_token": {"type": "apiKey", "in": "header", "name": TOKEN_HEADER},
}


def describe_api(request: ControlRequest) -> ApiResponse:
    """The OpenAPI document as JSON, cached."""
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
                "description": "Inspects and controls a running fake of fal.ai.",
                "license": {"name": "MIT", "identifier": "MIT"},
            },
            "servers": [{"url": "/"}],
            "paths": paths,
            "components": {"schemas": _component_schemas(), "securitySchemes": _SECURITY_SCHEMES},
        }
    )


def _operation(route: ApiRoute, has_token: bool) -> dict[str, Any]:
    tag, _, function = route.handler.partition(".")
    operation: dict[str, Any] = {
        "operationId": f"{function}_root" if route.path == "/" else function,
        "summary": route.summary,
        "tags": [tag],
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


def _path_parameters(route: ApiRoute) -> list[dict[str, Any]]:
    return [
        {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
        for part in route.path.split("/")
        if part.startswith("{")
    ]


def _query_parameters(route: ApiRoute) -> list[dict[str, Any]]:
    if not route.query_model:
        return []
    schema = _schema_class(route.query_model).model_json_schema(ref_template=_REF_TEMPLATE)
    return [
        _query_parameter(name, property_schema)
        for name, property_schema in schema.get("properties", {}).items()
    ]


def _query_parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """An optional parameter, without ``null`` in its schema, which no query can express."""
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


def _header_parameters(route: ApiRoute) -> list[dict[str, Any]]:
    if route.handler != "journal.stream_entries":
        return []
    text = "Resume after the event with this id, as browsers do."
    schema = {"type": "string", "pattern": r"^[0-9]{1,15}\.[0-9]{1,15}$"}
    return [{"name": "Last-Event-ID", "in": "header", "description": text, "schema": schema}]


def _request_body(route: ApiRoute) -> dict[str, Any]:
    schema = {"$ref": _REF_TEMPLATE.format(model=route.body_model)}
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    if route.body_model == "Scenario":
        text = {"type": "string", "description": "A scenario as in a file."}
        content["application/yaml"] = {"schema": text, "example": route.example}
    return {"required": route.body_model in ("Scenario", "AdvanceBody"), "content": content}


def _success_response(route: ApiRoute) -> dict[str, Any]:
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
    if route.handler == "journal.list_entries":
        response["headers"] = {
            DROPPED_HEADER: _count("Number of oldest entries that a full journal dropped."),
            TOTAL_HEADER: _count("Number of kept entries that match the query, on all pages."),
        }
    return response


def _count(description: str) -> dict[str, Any]:
    """A response header with a number."""
    return {"description": description, "schema": {"type": "integer"}}


def _item_schema(name: str) -> dict[str, Any]:
    model = getattr(schemas, name)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return {"$ref": _REF_TEMPLATE.format(model=name)}
    schema = TypeAdapter(model).json_schema(ref_template=_REF_TEMPLATE)
    schema.pop("$defs", None)
    return schema


def _error_responses(route: ApiRoute) -> dict[str, Any]:
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
    schema = {"schema": {"$ref": _REF_TEMPLATE.format(model="ErrorBody")}}
    return {
        str(status): {
            "description": _ERROR_DESCRIPTIONS[status],
            "content": {"application/json": schema},
        }
        for status in sorted(set(statuses))
    }


def _security(route: ApiRoute, has_token: bool) -> list[dict[str, Any]]:
    """The alternative security requirements; ``{}`` is none."""
    if route.scope == "public":
        return [{}]
    if route.scope == "server":
        return [{"token": []}, {"own_token": []}] if has_token else [{}]
    if not has_token:
        return [{"key": []}, {"own_key": []}, {}]
    return [{"token": [], "own_key": []}, {"own_token": [], "key": []}, {"token": []}]


def _component_schemas() -> dict[str, Any]:
    """The schemas of all routes, with those that they refer to."""
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
    """Remove ``default: null``: that a key is optional is already said by ``required``."""
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
