"""The rules of tests/test_architecture.py see what they should."""

from __future__ import annotations

import ast

import pytest

from tests.source_tree import circles, file_calls, is_under, own_imports, used


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"a"}}, [["a", "b"]]),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}, [["b", "c"]]),
    ],
)
def test_the_rules_see_every_circle(graph: dict[str, set[str]], expected: list[list[str]]) -> None:
    assert circles(graph) == expected


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("import fakefal.engine.queue.job", {"engine"}),
        ("from fakefal.engine.queue.job import Job", {"engine"}),
        ("from fakefal import addressing, __version__", {"addressing", "fakefal"}),
        ("if TYPE_CHECKING:\n    from fakefal.cli import main", {"cli"}),
        ("def f():\n    import fakefal.server.proxy as proxy", {"server"}),
        ("import fakefalsehood, os.path", set()),
    ],
)
def test_the_rules_see_every_import(source: str, parts: set[str]) -> None:
    assert own_imports(ast.parse(source)) == parts


@pytest.mark.parametrize(
    ("source", "banned"),
    [
        ("import time", "time"),
        ("from time import monotonic", "time"),
        ("import time as t\nt.sleep(1)", "time"),
        ("import os\nos.environ.get('A')", "os.environ"),
        ("from os import environ as e\ne['A']", "os.environ"),
        ("import datetime as d\nd.datetime.now()", "datetime.datetime.now"),
        ("from datetime import datetime\ndatetime.now(None)", "datetime.datetime.now"),
        ("import asyncio\nasyncio.create_task(x())", "asyncio.create_task"),
        ("from uuid import uuid4", "uuid.uuid4"),
    ],
)
def test_the_rules_see_every_use(source: str, banned: str) -> None:
    assert any(is_under(dotted, banned) for dotted in used(ast.parse(source)))


@pytest.mark.parametrize("source", ["open('x')", "Path('x').open()", "a.b.read_bytes()"])
def test_the_rules_see_every_opened_file(source: str) -> None:
    assert len(file_calls(ast.parse(source))) == 1
