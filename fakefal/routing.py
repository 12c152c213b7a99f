"""Routes and their lookup, for the tables of ``handlers`` and ``control``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

_PARAMETER = re.compile(r"\{(\w+)(?::([^{}]+))?\}")


@dataclass(frozen=True, slots=True)
class Route:
    """A row of a route table.

    ``handler`` is a function, or ``module.function`` of the table's package, which is imported at
    the first request so that a server starts sooner.
    """

    method: str
    path: str
    handler: Callable[..., Any] | str

    def load_handler(self, package: str) -> Any:
        """The handler, imported from ``package`` if it is given by name."""
        return _import(package, self.handler) if isinstance(self.handler, str) else self.handler


RouteT = TypeVar("RouteT", bound=Route)


@cache
def compile_path(path: str) -> re.Pattern[str]:
    """The pattern of a path, in the syntax of aiohttp's router.

    ``{name}`` matches one segment, ``{name:regex}`` whatever the expression matches.
    """
    pattern, end = "", 0
    for parameter in _PARAMETER.finditer(path):
        literal = re.escape(path[end : parameter.start()])
        pattern += f"{literal}(?P<{parameter[1]}>{parameter[2] or '[^/]+'})"
        end = parameter.end()
    return re.compile(pattern + re.escape(path[end:]), re.DOTALL)


def matching_routes(
    routes: Iterable[RouteT], path: str, method: str | None = None
) -> Iterator[tuple[RouteT, dict[str, str]]]:
    """The routes for a path in the order of the table, each with the parameters in the path.

    ``method`` None is any method.
    """
    for route in routes:
        if method is None or route.method == method:
            match = compile_path(route.path).fullmatch(path)
            if match is not None:
                yield route, match.groupdict()


@cache
def _import(package: str, name: str) -> Any:
    module, _, function = name.rpartition(".")
    return getattr(import_module(f"{package}.{module}"), function)
