"""Every answer is of the shape that the description promises."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from fakefal.control import schemas
from fakefal.control.routes import ROUTES
from fakefal.engine.engine import Engine
from tests.building import exchange, make_call, make_engine, tenant_of
from tests.control.calls import call_json


@pytest.fixture
def engine() -> Engine:
    """One in which there is something of everything."""
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


@pytest.mark.parametrize(
    "route", [it for it in ROUTES if it.response], ids=lambda it: f"{it.method} {it.path}"
)
def test_an_answer_is_as_it_is_described(route: Any, engine: Engine) -> None:
    request_id = next(iter(tenant_of(engine).queue.jobs))
    bodies = {
        "Scenario": {"fakefal": 1, "name": "x", "exchanges": [exchange()]},
        "Advance": {"by": 1},
        "Publish": {"rotate": True},
    }
    path = route.path.replace("{request_id}", request_id)
    queries = ["", "?details=true"] if route.path == "/misses" else [""]
    for query in queries:
        found = call_json(engine, route.method, path + query, bodies.get(route.body))
        shape: TypeAdapter[Any] = TypeAdapter(getattr(schemas, route.answer.strip("[]")))
        for one in found if route.answer.startswith("[") else [found]:
            shape.validate_python(one)


def test_what_is_given_is_read_strictly() -> None:
    with pytest.raises(ValidationError):
        schemas.AdvanceBody.model_validate({"bye": "1s"})
