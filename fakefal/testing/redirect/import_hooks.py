"""Calls back when a module is imported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Callback = Callable[[ModuleType], None]


class ImportHooks:
    """A meta path finder that calls back after a module was executed.

    ``callbacks`` are by module name; for modules that are imported already, ``open`` calls them.
    """

    def __init__(self, callbacks: Mapping[str, Callback]) -> None:
        self._callbacks = callbacks
        self._in_progress: set[str] = set()

    def open(self) -> None:
        """Install the finder."""
        for name, callback in self._callbacks.items():
            module = sys.modules.get(name)
            if module is not None:
                callback(module)
        sys.meta_path.insert(0, self)

    def close(self) -> None:
        """Remove the finder; loaded modules keep no trace of it."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """The spec that the other finders return, with a loader that calls back."""
        callback = self._callbacks.get(fullname)
        if callback is None or fullname in self._in_progress:
            return None
        self._in_progress.add(fullname)
        try:
            for finder in list(sys.meta_path):
                find_other = None if finder is self else getattr(finder, "find_spec", None)
                spec: ModuleSpec | None = find_other(fullname, path, target) if find_other else None
                if spec is not None:
                    if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                        spec.loader = _CallbackLoader(spec.loader, callback)  # type: ignore[assignment]
                    return spec
        finally:
            self._in_progress.discard(fullname)
        return None


class _CallbackLoader:
    """Delegates to another loader, and calls back once the module is executed."""

    def __init__(self, loader: Any, callback: Callback) -> None:
        self._loader = loader
        self._callback = callback

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._callback(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
