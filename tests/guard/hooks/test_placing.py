"""Where the hooks lie for a command that may become another user."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakefal.guard import hooks


def test_what_everybody_may_read_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "_is_for_all", lambda _: True)
    assert hooks.readable_hooks(tmp_path) == (hooks.PYTHON, hooks.PRELOAD)


def test_what_others_may_not_read_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "_is_for_all", lambda _: False)
    python, preload = hooks.readable_hooks(tmp_path)
    assert {it.name for it in python.iterdir()} == {"sitecustomize.py", "fakefal_child.py"}
    assert preload.read_bytes() == hooks.PRELOAD.read_bytes()
    assert {it.name for it in preload.parent.iterdir()} >= {"guard.cjs", "hosts.cjs", "undici.cjs"}
    assert all(it.stat().st_mode & 0o004 for it in (*python.iterdir(), *preload.parent.iterdir()))


def test_a_folder_on_the_way_decides(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch(0o644)
    tmp_path.chmod(0o700)
    assert not hooks._is_world_readable(file)
