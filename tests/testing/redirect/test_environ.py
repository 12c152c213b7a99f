from __future__ import annotations

import os
from contextlib import ExitStack

import pytest

from fakefal.testing.redirect.environ import current_environment, read_variable, set_variable


def test_variables_are_restored_in_reverse_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", "before")
    monkeypatch.delenv("NOT_HERE", raising=False)
    patches = ExitStack()
    set_variable(patches, "HERE", "after")
    set_variable(patches, "HERE", "later")
    set_variable(patches, "NOT_HERE", "now")
    assert (read_variable("HERE"), current_environment()["NOT_HERE"]) == ("later", "now")
    patches.close()
    assert os.environ["HERE"] == "before"
    assert "NOT_HERE" not in os.environ
    assert read_variable("NOT_HERE") == ""


def test_variables_that_the_code_under_test_sets_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER", "before")
    with ExitStack() as patches:
        set_variable(patches, "HERE", "now")
        os.environ["OTHER"] = "set meanwhile"
    assert os.environ["OTHER"] == "set meanwhile"
