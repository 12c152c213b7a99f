from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from fakefal.testing.redirect.import_hooks import ImportHooks


def test_callbacks_run_for_modules_imported_before_and_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "imported_later.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    calls: list[tuple[str, object]] = []

    def callback(module: ModuleType) -> None:
        calls.append((module.__name__, getattr(module, "value", None)))

    hooks = ImportHooks({"imported_later": callback, "json": callback, "never_there": callback})
    hooks.open()
    try:
        assert calls == [("json", None)]
        module = importlib.import_module("imported_later")
        assert calls[1:] == [("imported_later", 1)]
        assert type(module.__loader__).__name__ == "SourceFileLoader"
        assert module.__spec__ is not None
        assert module.__spec__.loader is module.__loader__
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("never_there")
    finally:
        hooks.close()
        sys.modules.pop("imported_later", None)
    assert hooks not in sys.meta_path
    hooks.close()
    importlib.import_module("imported_later")
    assert len(calls) == 2
    sys.modules.pop("imported_later")
