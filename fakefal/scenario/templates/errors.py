"""What is wrong with a template, in fakefal's words, whichever version of Jinja found it.

Jinja words the same error differently from version to version. Here its messages are only searched
for a name; every text that users read is written in this module or in ``limits``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import SecurityError, TemplateRuntimeError, UndefinedError
from jinja2.utils import missing

if TYPE_CHECKING:
    from jinja2 import Environment, TemplateSyntaxError


class RenderError(ValueError):
    """An error whose text is fakefal's own."""


class LimitExceeded(RenderError):
    """The template would produce too much, or take too long."""


class MissingField(RenderError, UndefinedError):
    """A field or variable that does not exist was used."""


class UnsafeAccess(RenderError, SecurityError):
    """An attribute that the sandbox does not allow was used."""


class MissingValue(StrictUndefined):
    """Jinja's stand-in for a field that does not exist; using it raises ``MissingField``."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[TemplateRuntimeError] = MissingField,
    ) -> None:
        super().__init__(hint, obj, name, MissingField if exc is UndefinedError else exc)

    @property
    def _undefined_message(self) -> str:
        if self._undefined_exception is UnsafeAccess:
            return str(self._undefined_hint)
        name: Any = self._undefined_name
        if name is None:  # such as the first item of an empty list
            return "there is no such value"
        if isinstance(name, int):
            return f"there is no item {name}"
        return f'there is no field "{name}"'


_UNCLOSED_BLOCK = re.compile(r"needs to be closed is '(\w+)'")
_UNKNOWN_TAG = re.compile(r"unknown tag '(\w+)'", re.IGNORECASE)
_END = re.compile(r"end of template|missing end", re.IGNORECASE)
_NO_EXPRESSION = re.compile(r"expected an expression", re.IGNORECASE)


def syntax_problem(
    error: TemplateSyntaxError, tree: nodes.Template | None, environment: Environment
) -> str:
    """What is wrong with a template that cannot be compiled; ``tree`` None if not even parsed."""
    if tree is not None:
        return _unknown_name(tree, environment) or "syntax error"
    message = error.message or ""
    if block := _UNCLOSED_BLOCK.search(message):
        return f"{{% {block[1]} %}} has no {{% end{block[1]} %}}"
    if tag := _UNKNOWN_TAG.search(message):
        return f'unknown tag "{tag[1]}"'
    if _END.search(message):
        return "a tag is not closed: }}, %} or #} is missing"
    if _NO_EXPRESSION.search(message):
        return "an expression is missing"
    return "syntax error" if error.lineno == 1 else f"syntax error in line {error.lineno}"


def _unknown_name(tree: nodes.Template, environment: Environment) -> str:
    for node in tree.find_all(nodes.Filter):
        if node.name not in environment.filters:
            return f'unknown filter "{node.name}"'
    for test in tree.find_all(nodes.Test):
        if test.name not in environment.tests:
            return f'unknown test "{test.name}"'
    return ""


def load_problem(tree: nodes.Template) -> str:
    """Why a parsed template cannot work here: it loads another one. Empty if it does not."""
    loading = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
    for node in tree.find_all(loading):
        return f"{{% {type(node).__name__.removeprefix('From').lower()} %}} is not supported"
    return ""


def render_problem(error: Exception) -> str:
    """What went wrong while a template was rendered."""
    if isinstance(error, RenderError):
        return str(error)
    if isinstance(error, RecursionError):
        return "endless or too deep recursion"
    if isinstance(error, ZeroDivisionError):
        return "division by zero"
    if isinstance(error, OverflowError):
        return "a number or range is too large"
    if isinstance(error, SecurityError):
        return "the sandbox does not allow this"
    if isinstance(error, TemplateRuntimeError):
        return "it cannot be rendered"
    # Python's own text: it names the operator and the types, as in `input.n + "x"`.
    return f"{type(error).__name__}: {error}"
