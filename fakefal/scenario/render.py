"""Templates in scenario values, rendered in a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from fakefal.protocol.call import Json

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

Path = tuple[str | int, ...]

VARIABLES = ("input", "request_id", "endpoint", "app", "via", "headers", "count", "seed")
"""What a template may use. ``count`` is how many calls the exchange answered before, plus one."""


class TemplateError(ValueError):
    """A template that cannot be read or rendered; ``path`` leads to the value that holds it."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(what)
        self.path = path
        self.what = what


@cache
def _environment() -> SandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)


def has_template(text: str) -> bool:
    """Whether a string holds anything to render."""
    return "{{" in text or "{%" in text or "{#" in text


@dataclass(frozen=True, slots=True)
class Value:
    """JSON that may hold templates. ``is_static`` says that every rendering gives the same."""

    raw: Json
    is_static: bool
    path: Path = ()

    def render(self, variables: Mapping[str, Any]) -> Json:
        """The JSON with its templates filled in; raises TemplateError."""
        return self.raw if self.is_static else _render(self.raw, variables, self.path)


def compile_value(raw: Json, path: Path = ()) -> Value:
    """Prepare a value; raises TemplateError for a template with wrong syntax or unknown names."""
    return Value(raw, not _check(raw, path), path)


def _check(raw: Json, path: Path) -> bool:
    """Whether a value holds templates; each is parsed on the way."""
    if isinstance(raw, str):
        if not has_template(raw):
            return False
        _parse(raw, path)
        return True
    if isinstance(raw, dict):
        return any([_check(inner, (*path, key)) for key, inner in raw.items()])
    if isinstance(raw, list):
        return any([_check(inner, (*path, index)) for index, inner in enumerate(raw)])
    return False


def _parse(text: str, path: Path) -> None:
    from jinja2 import TemplateSyntaxError, meta

    environment = _environment()
    try:
        tree = environment.parse(text)
        environment.from_string(text)
    except TemplateSyntaxError as error:
        raise TemplateError(path, f"template: {error.message}") from None
    except RecursionError:
        raise TemplateError(path, "template: nested too deeply") from None
    unknown = sorted(
        meta.find_undeclared_variables(tree) - set(VARIABLES) - set(environment.globals)
    )
    if unknown:
        known = ", ".join(VARIABLES)
        raise TemplateError(path, f'template: unknown name "{unknown[0]}" (known: {known})')


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
    environment = _environment()
    try:
        expression = _lone_expression(text)
        if expression is not None:
            value = environment.compile_expression(expression, undefined_to_none=False)(**variables)
            return _plain(value, path)
        return environment.from_string(text).render(**variables)
    except TemplateError:
        raise
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise TemplateError(path, f"template {text!r}: {reason}") from None


def _lone_expression(text: str) -> str | None:
    stripped = text.strip()
    if not (stripped.startswith("{{") and stripped.endswith("}}")) or stripped != text:
        return None
    inner = stripped[2:-2].strip("-+ ")
    return None if "{{" in inner or "}}" in inner or "{%" in inner else inner


def _plain(value: Any, path: Path) -> Json:
    from jinja2 import Undefined

    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    if value is None or isinstance(value, (str, bool, int, float, dict, list)):
        return value
    if isinstance(value, tuple):
        return list(value)
    raise TemplateError(path, f"template: gives {type(value).__name__}, which is not JSON")
