from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from fakefal.testing.redirect.patches import Patches, environment, variable


class Base:
    name = "base"


class Derived(Base):
    pass


def test_all_is_put_back_the_last_change_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", "before")
    monkeypatch.delenv("NOT_HERE", raising=False)
    target, seen = SimpleNamespace(a=1), []
    patches = Patches()
    patches.attribute(target, "a", 2)
    patches.attribute(target, "a", 3)
    patches.attribute(Derived, "name", "patched")
    patches.variable("HERE", "after")
    patches.variable("NOT_HERE", "now")
    patches.later(lambda: seen.append(target.a))
    assert (target.a, Derived.name, Base.name) == (3, "patched", "base")
    assert (variable("HERE"), environment()["NOT_HERE"]) == ("after", "now")
    patches.undo()
    assert seen == [3]
    assert (target.a, Derived.name, "name" in vars(Derived)) == (1, "base", False)
    assert (os.environ["HERE"], "NOT_HERE" in os.environ, variable("NOT_HERE")) == (
        "before",
        False,
        "",
    )
    patches.undo()
