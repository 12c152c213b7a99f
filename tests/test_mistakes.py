"""The table of users' mistakes: each text says where, what is wrong, and what would be right."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakefal import FakeFal, FakefalError
from fakefal.scenario.files.loader import load_text
from tests.cases import failures
from tests.cli.running import fakefal as run_fakefal
from tests.mistakes import COMMANDS, HTTP, PYTHON, YAML

PUSHED = "fakefal: 1\nexchanges:\n- when: {endpoint: a/b, input: {promt: x}}\n"


def request(url: str, method: str, body: str) -> str:
    """The ``detail`` of the response."""
    headers = {"Authorization": "Key a:b"}
    made = urllib.request.Request(url, body.encode(), headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(made, timeout=10) as response:
            return str(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return str(json.load(error)["detail"])


def test_every_mistake_is_told_with_the_way_out(
    fakefal: FakeFal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(PYTHON) + len(YAML) + len(COMMANDS) + len(HTTP) >= 40

    def check_python(mistake: Callable[[FakeFal], Any], text: str) -> None:
        with pytest.raises((FakefalError, AttributeError)) as raised:
            mistake(fakefal)
        assert str(raised.value) == text

    def check_yaml(source: str, text: str) -> None:
        with pytest.raises(FakefalError) as raised:
            load_text(source, "s.yaml")
        assert str(raised.value) == f"s.yaml:{text}"

    def check_command(argv: tuple[str, ...], text: str) -> None:
        ran = run_fakefal(*argv)
        assert (ran.code, ran.err.splitlines()[0]) == (2, text)

    def check_http(method: str, path: str, body: str, text: str) -> None:
        assert request(f"{fakefal.url}{path}", method, body) == text

    request(f"{fakefal.url}/_fakefal/scenarios?file=pushed.yaml", "PUT", PUSHED)
    wrong = failures(check_http, HTTP)
    fakefal.pop_misses()
    wrong += failures(check_python, PYTHON) + failures(check_yaml, YAML)
    wrong += failures(check_command, COMMANDS)
    assert wrong == []
