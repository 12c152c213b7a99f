"""JSON values that may contain Jinja templates: compiled once, rendered for each call."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from fakefal.protocol.core.call import Json

if TYPE_CHECKING:
    from jinja2 import Template

    from fakefal.scenario.templates.limits import JsonEnvironment

Path = tuple[str | int, ...]

VARIABLES = ("input", "request_id", "endpoint", "app", "via", "headers", "count", "seed")
"""Variables of a template. ``count``: 1 for the first call that the exchange answers."""

ROUTE_VARIABLES = (
    *("method", "host", "path", "params", "query", "headers", "json", "form", "body"),
    *("request_id", "count", "seed"),
)
"""Variables of a template in a route. ``params``: the ``{names}`` of its path."""


_EXAMPLE = "write {{ input.prompt }}, for example"


class TemplateError(ValueError):
    """A template that cannot be compiled or rendered; ``path`` leads to the string in its value."""

    def __init__(self, path: Path, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.suggestion = suggestion


@cache
def _environment() -> JsonEnvironment:
    from fakefal.scenario.templates.limits import JsonEnvironment

    return JsonEnvironment(_as_json)


def has_template(text: str) -> bool:
    """Whether a string contains a Jinja expression, statement or comment."""
    return "{{" in text or "{%" in text or "{#" in text


@dataclass(frozen=True, slots=True)
class TemplateValue:
    """JSON that may contain templates. ``is_static``: it contains none."""

    raw: Json
    is_static: bool
    path: Path = ()

    def render(self, variables: Mapping[str, Any]) -> Json:
        """The JSON with its templates replaced; raises TemplateError."""
        return self.raw if self.is_static else _render(self.raw, variables, self.path)


def compile_value(
    raw: Json, path: Path = (), variables: tuple[str, ...] = VARIABLES
) -> TemplateValue:
    """Compile a value; raises TemplateError for wrong syntax and for unknown variables."""
    return TemplateValue(raw, not _parse_all(raw, path, variables), path)


def _parse_all(raw: Json, path: Path, variables: tuple[str, ...]) -> bool:
    """Whether a value contains templates; every one is compiled to find its errors."""
    if isinstance(raw, str):
        if not has_template(raw):
            return False
        _parse(raw, path, variables)
        return True
    if isinstance(raw, dict):
        return any([_parse_all(inner, (*path, key), variables) for key, inner in raw.items()])
    if isinstance(raw, list):
        return any(
            [_parse_all(inner, (*path, index), variables) for index, inner in enumerate(raw)]
        )
    return False


def _parse(text: str, path: Path, variables: tuple[str, ...]) -> None:
    from jinja2 import TemplateSyntaxError, meta

    from fakefal.scenario.templates.errors import load_problem, syntax_problem

    environment = _environment()
    tree = None
    try:
        tree = environment.parse(text)
        _compile(text)
        problem = load_problem(tree)
    except TemplateSyntaxError as error:
        problem = syntax_problem(error, tree, environment)
    except (RecursionError, MemoryError, SyntaxError):
        # SyntaxError: Jinja compiles to Python, which allows 20 nested blocks.
        problem = "nested too deeply"
    except (ValueError, ArithmeticError):
        # Python reads integers of up to 4,300 digits (docs.python.org, "Integer string conversion
        # length limitation").
        problem = "a number has too many digits"
    if problem or tree is None:
        raise TemplateError(path, f"template: {problem}", _EXAMPLE)
    unknown = sorted(
        meta.find_undeclared_variables(tree) - set(variables) - set(environment.globals)
    )
    if unknown:
        name = unknown[0]
        body = "input" if "input" in variables else "json"
        suggestion = (
            f"write {body}.{name} for a field of the {body}; variables: {', '.join(variables)}"
        )
        raise TemplateError(path, f'template: unknown variable "{name}"', suggestion)


def _render(raw: Json, variables: Mapping[str, Any], path: Path) -> Json:
    if isinstance(raw, str):
        return _render_text(raw, variables, path) if has_template(raw) else raw
    if isinstance(raw, dict):
        return {key: _render(inner, variables, (*path, key)) for key, inner in raw.items()}
    if isinstance(raw, list):
        return [_render(inner, variables, (*path, index)) for index, inner in enumerate(raw)]
    return raw


def _render_text(text: str, variables: Mapping[str, Any], path: Path) -> Json:
    """A string that is exactly one expression keeps the expression's type."""
    from fakefal.scenario.templates.errors import render_problem
    from fakefal.scenario.templates.limits import render_budget, spend

    try:
        template, is_expression = _compile(text)
        with render_budget():
            if is_expression:
                return _as_json(getattr(template.make_module(dict(variables)), _RESULT))
            pieces = []
            for piece in template.generate(**variables):
                pieces.append(piece)
                spend(1 + len(piece) // 100)
            return "".join(pieces)
    except Exception as error:
        raise TemplateError(path, f"template {text!r}: {render_problem(error)}") from None


_RESULT = "result"
"""The variable to which a compiled expression assigns its value."""


@lru_cache(maxsize=1024)
def _compile(text: str) -> tuple[Template, bool]:
    """A compiled template, and whether it is exactly one expression."""
    from jinja2 import nodes

    environment = _environment()
    tree = environment.parse(text)
    body = tree.body
    if len(body) == 1 and isinstance(body[0], nodes.Output) and len(body[0].nodes) == 1:
        (expression,) = body[0].nodes
        if not isinstance(expression, nodes.TemplateData) and text == text.strip():
            target = nodes.Name(_RESULT, "store", lineno=1)
            tree.body = [nodes.Assign(target, expression, lineno=1)]
            return environment.from_string(environment.with_budget(tree)), True
    return environment.from_string(environment.with_budget(tree)), False


def _as_json(value: Any) -> Json:
    """A template's value as JSON; raises RenderError for anything else."""
    from jinja2 import Undefined

    from fakefal.scenario.templates.errors import RenderError
    from fakefal.scenario.templates.limits import spend

    if isinstance(value, Undefined):
        str(value)  # raises MissingField, with the name of the field
    if isinstance(value, (dict, list, tuple)):
        spend(1 + len(value) // 4)
    if isinstance(value, dict):
        return {_as_key(key): _as_json(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise RenderError(f"returns {value}, which is not JSON")
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return str(value)
    raise RenderError(f"returns {type(value).__name__}, which is not JSON")


def _as_key(key: Any) -> str:
    from fakefal.scenario.templates.errors import RenderError

    if isinstance(key, str):
        return str(key)
    raise RenderError(f"returns a mapping with the key {key!r}, which is not JSON")
