"""Templates in scenario values, rendered in a sandbox."""

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
"""What a template may use. ``count`` is how many calls the exchange answered before, plus one."""


_EXAMPLE = "write {{ input.prompt }}, for example"


class TemplateError(ValueError):
    """A template that cannot be read or rendered; ``path`` leads to the value that holds it."""

    def __init__(self, path: Path, what: str, right: str = "") -> None:
        super().__init__(what)
        self.path = path
        self.what = what
        self.right = right


@cache
def _environment() -> JsonEnvironment:
    from fakefal.scenario.templates.limits import JsonEnvironment

    return JsonEnvironment(_as_json)


def has_template(text: str) -> bool:
    """Whether a string holds anything to render."""
    return "{{" in text or "{%" in text or "{#" in text


@dataclass(frozen=True, slots=True)
class TemplateValue:
    """JSON that may hold templates. ``is_static`` says that every rendering gives the same."""

    raw: Json
    is_static: bool
    path: Path = ()

    def render(self, variables: Mapping[str, Any]) -> Json:
        """The JSON with its templates filled in; raises TemplateError."""
        return self.raw if self.is_static else _render(self.raw, variables, self.path)


def compile_value(raw: Json, path: Path = ()) -> TemplateValue:
    """Prepare a value; raises TemplateError for a template with wrong syntax or unknown names."""
    return TemplateValue(raw, not _parse_all(raw, path), path)


def _parse_all(raw: Json, path: Path) -> bool:
    """Whether a value holds templates; each is parsed on the way."""
    if isinstance(raw, str):
        if not has_template(raw):
            return False
        _parse(raw, path)
        return True
    if isinstance(raw, dict):
        return any([_parse_all(inner, (*path, key)) for key, inner in raw.items()])
    if isinstance(raw, list):
        return any([_parse_all(inner, (*path, index)) for index, inner in enumerate(raw)])
    return False


def _parse(text: str, path: Path) -> None:
    from jinja2 import TemplateSyntaxError, meta

    environment = _environment()
    try:
        tree = environment.parse(text)
        _compile(text)
    except TemplateSyntaxError as error:
        reason = (error.message or "wrong syntax").rstrip(".")
        raise TemplateError(path, f"template: {reason}", _EXAMPLE) from None
    except (RecursionError, MemoryError):
        raise TemplateError(path, "template: nested too deeply", _EXAMPLE) from None
    except (SyntaxError, ValueError, ArithmeticError) as error:
        reason = getattr(error, "msg", None) or str(error)
        raise TemplateError(path, f"template: {reason}", _EXAMPLE) from None
    unknown = sorted(
        meta.find_undeclared_variables(tree) - set(VARIABLES) - set(environment.globals)
    )
    if unknown:
        name = unknown[0]
        right = f"write input.{name} for a field of the input; known: {', '.join(VARIABLES)}"
        raise TemplateError(path, f'template: the name "{name}" is not known', right)


def _render(raw: Json, variables: Mapping[str, Any], path: Path) -> Json:
    if isinstance(raw, str):
        return _render_text(raw, variables, path) if has_template(raw) else raw
    if isinstance(raw, dict):
        return {key: _render(inner, variables, (*path, key)) for key, inner in raw.items()}
    if isinstance(raw, list):
        return [_render(inner, variables, (*path, index)) for index, inner in enumerate(raw)]
    return raw


def _render_text(text: str, variables: Mapping[str, Any], path: Path) -> Json:
    """A string that is one expression and nothing else keeps the expression's type."""
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
        reason = str(error) or type(error).__name__
        raise TemplateError(path, f"template {text!r}: {reason}") from None


_RESULT = "found"
"""The name under which a compiled expression leaves its value."""


@lru_cache(maxsize=1024)
def _compile(text: str) -> tuple[Template, bool]:
    """A template ready to be rendered, and whether it is one expression and nothing else."""
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
    """A template's value as JSON; raises ValueError for what is not."""
    from jinja2 import Undefined

    from fakefal.scenario.templates.limits import spend

    if isinstance(value, Undefined):
        str(value)  # a strict one raises, and says which name it is
    if isinstance(value, (dict, list, tuple)):
        spend(1 + len(value) // 4)
    if isinstance(value, dict):
        return {_as_key(key): _as_json(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"gives {value}, which is not JSON")
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return str(value)
    raise ValueError(f"gives {type(value).__name__}, which is not JSON")


def _as_key(key: Any) -> str:
    if isinstance(key, str):
        return str(key)
    raise ValueError(f"gives a mapping with the key {key!r}, which is not JSON")
