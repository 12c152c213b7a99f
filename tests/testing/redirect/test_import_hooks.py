from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from fakefal.testing.redirect.import_hooks import ImportHooks


def test_a_module_is_told_when_it_is_there_and_when_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "told_later.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    told: list[tuple[str, object]] = []

    def react(module: ModuleType) -> None:
        told.append((module.__name__, getattr(module, "value", None)))

    imports = ImportHooks({"told_later": react, "json": react, "never_there": react})
    imports.open()
    try:
        assert told == [("json", None)]
        module = importlib.import_module("told_later")
        assert told[1:] == [("told_later", 1)]
        assert type(module.__loader__).__name__ == "SourceFileLoader"
        assert module.__spec__ is not None
        assert module.__spec__.loader is module.__loader__
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("never_there")
    finally:
        imports.close()
        sys.modules.pop("told_later", None)
    assert imports not in sys.meta_path
    imports.close()
    importlib.import_module("told_later")
    assert len(told) == 2
    sys.modules.pop("told_later")
