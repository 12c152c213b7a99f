"""@fal-ai/client meets an endpoint with a schema: its errors name the fields."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.blackbox.driving import environment, run_driver
from tests.blackbox.installing import JS_FOLDER, node_with_clients
from tests.scenario.schemas.endpoint_models import describe

pytestmark = pytest.mark.blackbox


def test_validation_errors_of_the_javascript_client_name_the_fields(tmp_path: Path) -> None:
    (tmp_path / "flux.json").write_text(json.dumps(describe("fal-ai/flux/dev")))
    server = ThreadedServer(FakeFalServer(schemas=(tmp_path,), clock="instant"))
    server.start()
    try:
        command = [node_with_clients(), str(JS_FOLDER / "schemas.mjs"), server.server.url]
        seen = run_driver(command, environment("not used"))
    finally:
        server.stop()
    for way in ("run", "subscribe"):
        assert seen[way]["isValidationError"]
        assert seen[way]["status"] == 422
        assert seen[way]["fields"][0] == "body.image_size.ImageSize.width"
        assert seen[way]["width"] == ["Input should be greater than 0"]
    assert seen["valid"]["data"]["seed"] == 3
