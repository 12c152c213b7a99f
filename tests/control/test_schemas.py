"""Every response fits the schema in the API's description."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from fakefal.control import schemas
from fakefal.control.routes import ROUTES, ApiRoute
from fakefal.engine.engine import Engine
from tests.building import exchange, make_call, make_engine, tenant_of
from tests.control.calls import call_json


def busy_engine() -> Engine:
    """An engine with jobs, misses, files, webhooks and a rejected request."""
    picture = exchange({"kind": "image"}, when={"endpoint": "fal-ai/flux"})
    steps = [{"IN_PROGRESS": {"logs": ["x"]}}]
    queued = exchange({"text": "x", "timeline": steps}, when={"via": "queue"})
    engine = make_engine([picture, queued])
    tenant = tenant_of(engine)
    tenant.submit(make_call(webhook="http://127.0.0.1:9/"))
    tenant.submit(make_call("fal-ai/flux"))
    assert list(tenant.files)
    with pytest.raises(Exception, match="404"):
        tenant.stream(make_call(via="stream"))
    engine.record_rejection(None, "x", 401, "y")
    return engine


def responses_of(route: ApiRoute) -> list[Any]:
    engine = busy_engine()
    bodies = {
        "Scenario": {"fakefal": 1, "name": "x", "exchanges": [exchange()]},
        "Exchange": exchange(),
        "AdvanceBody": {"by": 1},
        "PublishBody": {"rotate": True},
    }
    path = route.path.replace("{request_id}", next(iter(tenant_of(engine).queue.jobs)))
    path = path.replace("{index}", "0")
    queries = ["", "?details=true"] if route.path == "/misses" else [""]
    results = [
        call_json(engine, route.method, path + query, bodies.get(route.body_model))
        for query in queries
    ]
    return [item for result in results for item in result] if route.response[0] == "[" else results


def test_every_response_fits_its_schema() -> None:
    problems = []
    for route in ROUTES:
        if route.response:
            model: TypeAdapter[Any] = TypeAdapter(getattr(schemas, route.response.strip("[]")))
            for response in responses_of(route):
                try:
                    model.validate_python(response)
                except ValidationError as error:
                    problems.append(f"{route.method} {route.path}: {error}")
    assert problems == []


def test_unknown_fields_in_a_body_are_errors() -> None:
    with pytest.raises(ValidationError):
        schemas.AdvanceBody.model_validate({"bye": "1s"})
