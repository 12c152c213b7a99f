"""Where the hooks lie for a command that may become another user."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakefal.guard import hooks


def test_hooks_that_everybody_may_read_are_not_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "_is_readable_by_all", lambda _: True)
    assert hooks.readable_hooks(tmp_path) == (hooks.PYTHON, hooks.PRELOAD)


def test_hooks_that_others_may_not_read_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "_is_readable_by_all", lambda _: False)
    python, preload = hooks.readable_hooks(tmp_path)
    assert {file.name for file in python.iterdir()} == {"sitecustomize.py", "fakefal_child.py"}
    assert preload.read_bytes() == hooks.PRELOAD.read_bytes()
    assert {file.name for file in preload.parent.iterdir()} >= {
        "guard.cjs",
        "hosts.cjs",
        "undici.cjs",
    }
    assert all(
        file.stat().st_mode & 0o004 for file in (*python.iterdir(), *preload.parent.iterdir())
    )


def test_permissions_of_parent_folders_count(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch(0o644)
    tmp_path.chmod(0o700)
    assert not hooks._is_readable_by_all(file)
