"""Has something done to modules that are imported later."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Reaction = Callable[[ModuleType], None]


class Imports:
    """A finder that goes first, finds nothing itself, and tells when a module has been imported.

    ``reactions`` are by module name; those of modules that are already there are called at once.
    """

    def __init__(self, reactions: Mapping[str, Reaction]) -> None:
        self._reactions = reactions
        self._looking: set[str] = set()

    def open(self) -> None:
        """Begin."""
        for name, react in self._reactions.items():
            module = sys.modules.get(name)
            if module is not None:
                react(module)
        sys.meta_path.insert(0, self)

    def close(self) -> None:
        """End; nothing of it stays in any module."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """The spec that the others find, with a loader that tells."""
        react = self._reactions.get(fullname)
        if react is None or fullname in self._looking:
            return None
        self._looking.add(fullname)
        try:
            for finder in list(sys.meta_path):
                find = None if finder is self else getattr(finder, "find_spec", None)
                spec: ModuleSpec | None = find(fullname, path, target) if find else None
                if spec is not None:
                    if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                        spec.loader = _Telling(spec.loader, react)  # type: ignore[assignment]
                    return spec
        finally:
            self._looking.discard(fullname)
        return None


class _Telling:
    """A loader that does what the other does, and then tells."""

    def __init__(self, loader: Any, react: Reaction) -> None:
        self._loader = loader
        self._react = react

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._react(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
