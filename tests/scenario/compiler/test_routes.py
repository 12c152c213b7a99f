"""Routes are compiled, and what cannot be says where."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.compiler.routes import compile_route
from fakefal.scenario.matching.matchers import PatternError
from fakefal.scenario.media.assets import make_asset
from fakefal.scenario.model.routes import RouteSpec
from fakefal.scenario.templates.templates import TemplateError

VARIABLES: dict[str, Any] = {"path": "/acme/draw/x", "json": {"code": 418}}


def compiled(reply: dict[str, Any], **when: Any) -> Any:
    model = RouteSpec.model_validate({"when": when, "reply": reply})
    assets = {"a.mp3": make_asset("a.mp3", b"mp3")}
    return compile_route(model, 0, "", ("routes", 0), assets).replies[0]


def test_files_are_found_by_name() -> None:
    assert compiled({"file": "a.mp3"}).file.content_type == "audio/mpeg"
    assert compiled({"stream": [{"file": "a.mp3"}]}).stream.chunks[0].data == b"mp3"
    assert dict(compiled({"json": [{"file": "a.mp3"}]}).assets).keys() == {"a.mp3"}
    with pytest.raises(TemplateError) as caught:
        compiled({"stream": ["x", {"file": "b.mp3"}]})
    assert caught.value.path == ("routes", 0, "reply", "stream", "chunks", 1, "file")


def test_failures_know_the_path() -> None:
    assert (
        rb"Application \"draw\" not found"
        in compiled({"fail": "unknown_app"}).fail(VARIABLES).payload
    )
    fail = {"status": 418, "body": {"code": "{{ json.code }}"}}
    assert compiled({"fail": fail}).fail(VARIABLES).body == {"code": 418}


def test_a_failure_whose_template_renders_something_else() -> None:
    reply = compiled({"fail": {"type": "{{ json.code }}", "status": 400}})
    with pytest.raises(TemplateError, match=r"fail\.type"):
        reply.fail(VARIABLES)


def test_wrong_patterns_and_templates_have_a_path() -> None:
    with pytest.raises(PatternError) as pattern:
        compiled({}, query={"a": {"$nope": 1}})
    assert pattern.value.path == ("query", "a", "$nope")
    with pytest.raises(TemplateError) as template:
        compiled({"json": {"a": "{{ nope }}"}})
    assert template.value.path == ("routes", 0, "reply", "json", "a")
