"""Types for editors; the command is tested in tests/cli/schemas."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError

from fakefal.scenario.schemas.description import description_of
from fakefal.scenario.schemas.typings import PythonTypes, TypeScriptTypes
from tests.cases import failures
from tests.scenario.schemas.endpoint_inputs import VALID
from tests.scenario.schemas.endpoint_models import ENDPOINTS, describe


def test_python_types_accept_the_valid_inputs_of_every_endpoint() -> None:
    def check(endpoint: str) -> None:
        text = PythonTypes().write([description_of(describe(endpoint))])
        namespace: dict[str, Any] = {"__name__": "types_of_endpoint"}
        exec(text, namespace)
        name = text.rpartition("# ")[2].partition(": ")[2].partition(" -> ")[0]
        adapter = TypeAdapter(namespace[name])
        adapter.rebuild(_types_namespace=namespace)
        for body in VALID[endpoint]:
            if None not in body.values():
                adapter.validate_python(body)
        try:
            adapter.validate_python({"prompt": object()})
        except ValidationError:
            return
        raise AssertionError("everything is accepted")

    assert failures(check, [name for name in ENDPOINTS if name != "acme/any"]) == []


def test_names_that_are_no_identifiers() -> None:
    schema = {
        "type": "object",
        "required": ["class"],
        "properties": {"class": {"type": "string"}, "a-b": {"type": ["integer", "null"]}},
    }
    content = {"application/json": {"schema": schema}}
    post = {"requestBody": {"content": content}, "responses": {}}
    description = description_of({"openapi": "3.1.0", "paths": {"/acme/3d": {"post": post}}})
    python = PythonTypes().write([description])
    assert "        'class': 'str',\n        'a-b': 'NotRequired[int | None]',\n" in python
    typescript = TypeScriptTypes().write([description])
    assert '  class: string;\n  "a-b"?: number | null;\n' in typescript
    assert '"acme/3d": { input: Acme3dInput; output: unknown };' in typescript
