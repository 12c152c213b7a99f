"""Definitions of workflows: listed, created, read, deleted.

Source of all routes: documented, client (docs/reference/platform-api.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fakefal.engine.platform.state import WorkflowDefinition
from fakefal.engine.tenant import Tenant
from fakefal.engine.usage import UsageLedger
from fakefal.handlers.http import BufferedResponse, HttpResponse, Request
from fakefal.handlers.platform.access import require, respond, respond_plainly
from fakefal.protocol.core.call import Json
from fakefal.protocol.errors.errors import ApiError, model_error_item
from fakefal.protocol.platform_api.platform import (
    ListQuery,
    format_instant,
    invalid_query,
    resource_not_found,
)
from fakefal.protocol.storage.storage import read_fields

_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_SCRIPTED_AT = 1_767_225_600.0
"""2026-01-01: when the workflows that a scenario names were created."""


async def list_workflows(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /workflows``: created ones, newest first, then those that the scenarios name."""
    tenant, query = require(request, "catalog"), ListQuery(request.address.query)
    text, used = (query.get("search") or "").lower(), set(query.get_list("used_endpoint_ids"))
    rows = [
        row
        for row in _rows(tenant)
        if text in f"{row['name']} {row['title']}".lower() and used <= set(row["endpoint_ids"])
    ]
    page, paging = query.page(rows)
    return respond({"workflows": page, **paging, "total": len(rows)})


def _rows(tenant: Tenant) -> Iterator[dict[str, Json]]:
    for user, workflow in _workflows(tenant):
        yield {
            "name": workflow.name,
            "title": workflow.title,
            "user_nickname": user,
            "created_at": format_instant(workflow.created_at),
            "tags": [],
            "endpoint_ids": _endpoints_of(workflow.contents),
        }


def _endpoints_of(contents: dict[str, Json]) -> list[str]:
    nodes = contents.get("nodes")
    listed = nodes.values() if isinstance(nodes, dict) else ()
    names = [node["app"] for node in listed if isinstance(node, dict) and "app" in node]
    return [name for name in dict.fromkeys(names) if isinstance(name, str)]


def _workflows(tenant: Tenant) -> Iterator[tuple[str, WorkflowDefinition]]:
    """The user and the definition of each workflow."""
    created = list(tenant.platform.workflows())
    for workflow in created:
        yield tenant.files.user, workflow
    names = {workflow.name for workflow in created}
    for endpoint in UsageLedger(tenant).endpoints():
        if endpoint.namespace == "workflows" and "/" in endpoint.text:
            _, user, name = (*endpoint.text.split("/"), "", "")[:3]
            if name and not (user == tenant.files.user and name in names):
                yield user, WorkflowDefinition(name, name, _EMPTY, True, _SCRIPTED_AT)


_EMPTY: dict[str, Json] = {
    "name": "",
    "version": "1",
    "nodes": {},
    "output": {},
    "schema": {"input": {}, "output": {}},
}


async def create_workflow(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST /workflows``: ``{name, title, contents, is_public}``."""
    tenant = require(request, "catalog")
    return respond({"workflow": _body(tenant.files.user, _create(request, tenant))}, 201)


def _create(request: Request, tenant: Tenant) -> WorkflowDefinition:
    fields = read_fields(request.body)
    name, title, contents = fields.get("name"), fields.get("title"), fields.get("contents")
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise invalid_query("name: letters, digits, dashes and underscores")
    if not isinstance(title, str):
        raise invalid_query("title: a text")
    if not isinstance(contents, dict) or not isinstance(contents.get("nodes"), dict):
        raise invalid_query("contents: an object with nodes, output and schema")
    is_public = fields.get("is_public") is True
    return tenant.platform.add_workflow(name, title, contents, is_public=is_public)


async def get_workflow(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /workflows/{user}/{name}``: one workflow with its contents."""
    return respond({"workflow": _find(request, parts)})


def _find(request: Request, parts: Mapping[str, str]) -> Json:
    tenant = require(request, "catalog")
    for user, workflow in _workflows(tenant):
        if (user, workflow.name) == (parts["user"], parts["name"]):
            return _body(user, workflow)
    raise resource_not_found("Workflow not found")


def _body(user: str, workflow: WorkflowDefinition) -> Json:
    return {
        "name": workflow.name,
        "title": workflow.title,
        "user_nickname": user,
        "created_at": format_instant(workflow.created_at),
        "is_public": workflow.is_public,
        "contents": workflow.contents,
    }


async def create_rest_workflow(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``POST https://rest.fal.ai/workflows/``: the same, without an envelope.

    Source: client (fal SDK workflows.py ``publish``; docs/reference/protocol.md#workflows).
    """
    tenant = require(request, "catalog")
    try:
        workflow = _create(request, tenant)
    except ApiError as error:
        item = model_error_item("value_error", error.message, ("body",))
        raise ApiError(422, {"detail": [item]}) from None
    user = tenant.files.user
    return respond_plainly({"user_id": f"fakefal|{user}", **_body(user, workflow)})


async def get_rest_workflow(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET https://rest.fal.ai/workflows/{user}/{name}``: the same, without an envelope."""
    return respond_plainly({"user_id": f"fakefal|{parts['user']}", **_find(request, parts)})


async def delete_workflow(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``DELETE https://rest.fal.ai/workflows/{user}/{name}``: one that was created here."""
    tenant = require(request, "catalog")
    if parts["user"] != tenant.files.user or not tenant.platform.remove_workflow(parts["name"]):
        raise resource_not_found("Workflow not found")
    return BufferedResponse(204, b"")
