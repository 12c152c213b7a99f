"""The Jinja sandbox, with limits for the size of what a template produces and for its time.

Jinja's own sandbox keeps templates away from the host, but not from its memory and time: its docs
name memory and CPU limits as the caller's task (jinja.palletsprojects.com, "Sandbox", "Security
Considerations"). Sizes are checked before anything is built; steps are counted, as a thread cannot
be interrupted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.filters import make_attrgetter
from jinja2.runtime import Context, Macro, Undefined
from jinja2.sandbox import SandboxedEnvironment, SandboxedFormatter
from jinja2.utils import pass_environment
from jinja2.visitor import NodeTransformer

from fakefal.scenario.templates.errors import LimitExceeded, MissingValue, UnsafeAccess

if TYPE_CHECKING:
    from jinja2 import Environment

MAX_STEPS = 100_000
"""Steps of one rendering: loop iterations, calls, and parts of values. They take about 0.1 s."""

MAX_TEXT_LENGTH = 10_000_000
"""Characters of the longest string; a list may have a hundredth of this number of items."""

MAX_BITS = 14_000
"""Bits of the largest integer: Python converts at most 4,300 digits to text
(docs.python.org/3/library/stdtypes.html#int-max-str-digits)."""

MAX_WIDTH = 10_000
"""The largest width to which a filter or method may pad, indent or round."""

_PADDING = frozenset(
    {"center", "ljust", "rjust", "zfill", "expandtabs", "indent", "wordwrap", "tojson", "round"}
    | {"batch", "slice"}
)
_SLOW = {"wordwrap": 100_000, "urlize": 1_000_000}
"""Filters of more than linear time, and the longest text that they accept."""

MAX_INDENT = 16
"""Spaces that ``tojson`` may indent by: they are written for each level of each line."""

_UNBOUNDED = frozenset({"to_bytes", "translate", "format_map"})
_WIDE = re.compile(r"[0-9]{5}|\*")


class _Budget:
    """The steps that one rendering may still take."""

    __slots__ = ("steps_left",)

    def __init__(self) -> None:
        self.steps_left = MAX_STEPS

    def spend(self, steps: int) -> None:
        self.steps_left -= steps
        if self.steps_left < 0:
            raise LimitExceeded(f"takes more than {MAX_STEPS:,} steps")


_budget: ContextVar[_Budget | None] = ContextVar("budget", default=None)


@contextmanager
def render_budget() -> Iterator[None]:
    """Gives the templates rendered inside one budget of ``MAX_STEPS``."""
    token = _budget.set(_Budget())
    try:
        yield
    finally:
        _budget.reset(token)


def spend(steps: int) -> None:
    """Take steps from the budget of the current rendering; raises LimitExceeded."""
    budget = _budget.get()
    if budget is not None:
        budget.spend(steps)


def _check_size(size: float, noun: str = "a text") -> None:
    limit = MAX_TEXT_LENGTH if noun == "a text" else MAX_TEXT_LENGTH // 100
    if size > limit:
        unit = "characters" if noun == "a text" else "entries"
        raise LimitExceeded(f"makes {noun} of more than {limit:,} {unit}")


def charge_value(value: Any) -> Any:
    """Count the parts of a value and return it; the same list may occur in it many times."""
    if isinstance(value, str):
        _check_size(len(value))
        spend(1 + len(value) // 1_000)
    elif isinstance(value, dict):
        spend(1 + len(value) // 4)
        for inner in value.values():
            charge_value(inner)
    elif isinstance(value, (list, tuple)):
        spend(1 + len(value) // 4)
        for inner in value:
            if isinstance(inner, (str, dict, list, tuple)):
                charge_value(inner)
    return value


def _check_product(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        _check_digits(left.bit_length() + right.bit_length())
        return
    for sequence, count in ((left, right), (right, left)):
        if isinstance(sequence, (str, bytes, list, tuple)) and isinstance(count, int):
            _check_size(
                len(sequence) * count, "a text" if isinstance(sequence, (str, bytes)) else "a list"
            )


def _check_power(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int) and right > 0 and abs(left) > 1:
        _check_digits(left.bit_length() * right)


def _check_digits(bits: int) -> None:
    if bits > MAX_BITS:
        raise LimitExceeded("makes a number of more than 4,200 digits")


def _check_percent(left: Any, right: Any) -> None:
    if isinstance(left, (str, bytes)):
        text = left if isinstance(left, str) else left.decode("latin-1")
        if any(_WIDE.search(part[: part.find(" ") + 9]) for part in text.split("%")[1:]):
            raise LimitExceeded(f"pads to more than {MAX_WIDTH:,}")
        _check_size(len(text) + text.count("%") * _max_text_length(right))


def _max_text_length(value: Any) -> int:
    """An upper estimate of the length of ``str(value)``, or of one of its parts."""
    charge_value(value)
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return max((2 + len(value) + _max_text_length(inner) for inner in value), default=2)
    return 24


_OPERAND_CHECKS: dict[str, Callable[[Any, Any], None]] = {
    "*": _check_product,
    "**": _check_power,
    "%": _check_percent,
}


def _check_call(
    name: str, subject: Any, arguments: tuple[Any, ...], keywords: Iterable[Any]
) -> None:
    """Raise LimitExceeded for a call whose result would be too large."""
    if name in _SLOW and isinstance(subject, str) and len(subject) > _SLOW[name]:
        raise LimitExceeded(f"{name} accepts at most {_SLOW[name]:,} characters")
    if isinstance(subject, (str, bytes, list, tuple, dict)):
        spend(len(subject) // 100)  # counting and searching read all of it
    if name == "tojson" and any(
        isinstance(it, int) and abs(it) > MAX_INDENT for it in (*arguments, *keywords)
    ):
        raise LimitExceeded(f"tojson indents by at most {MAX_INDENT}")
    if name in _PADDING:
        for argument in (*arguments, *keywords):
            if isinstance(argument, int) and abs(argument) > MAX_WIDTH:
                raise LimitExceeded(f"{name} accepts at most {MAX_WIDTH:,}")
            if isinstance(argument, int) and isinstance(subject, str):
                _check_size((1 + subject.count("\n") + subject.count("\t")) * abs(argument))
    elif name == "replace" and isinstance(subject, (str, bytes)) and len(arguments) >= 2:
        old, new = arguments[:2]
        if isinstance(old, (str, bytes)) and isinstance(new, Sized):
            occurrences = subject.count(old)  # type: ignore[arg-type]  # mixed types raise TypeError
            _check_size(len(subject) + occurrences * len(new))
    elif name == "extend" and isinstance(subject, list) and arguments:
        _check_size(len(subject) + len(charge_value(list(arguments[0]))), "a list")


@pass_environment
def _join(environment: Environment, value: Any, d: str = "", attribute: Any = None) -> str:
    """Jinja's ``join``, which adds up the lengths before it joins."""
    if attribute is not None:
        value = map(make_attrgetter(environment, attribute), value)
    pieces: list[str] = []
    size = 0
    for item in value:
        pieces.append(str(charge_value(item)))
        size += len(pieces[-1]) + len(d)
        _check_size(size)
        spend(1)
    return str(d).join(pieces)


@pass_environment
def _sum(environment: Environment, iterable: Any, attribute: Any = None, start: Any = 0) -> Any:
    """Jinja's ``sum``, whose time is the square of their number if the items are lists."""
    if attribute is not None:
        iterable = map(make_attrgetter(environment, attribute), iterable)
    total = start
    for item in iterable:
        size = (len(total) if isinstance(total, Sized) else 0) + (
            len(item) if isinstance(item, Sized) else 0
        )
        spend(1 + size // 50)
        _check_size(size, "a list")
        total = total + item
    return total


def _charge_loop(value: Any, weight: int) -> Any:
    """The items of a loop; each iteration costs ``weight`` steps."""
    if isinstance(value, Sized):
        spend(len(value) * weight)
        return value
    return _charge_items(value, weight)


def _charge_items(value: Iterable[Any], weight: int) -> Iterator[Any]:
    for item in value:
        spend(weight)
        yield item


def _concatenate(pieces: list[Any]) -> str:
    """The operator ``~``."""
    texts = [str(charge_value(piece)) for piece in pieces]
    _check_size(sum(map(len, texts)))
    return "".join(texts)


class _BudgetTransformer(NodeTransformer):
    """Makes loops and concatenations in a parsed template count their steps."""

    def visit_For(self, node: nodes.For) -> nodes.For:
        """An iteration costs a step, and one more for every 100 characters that it writes."""
        self.generic_visit(node)
        written = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
        weight = nodes.Const(1 + written // 100)
        node.iter = nodes.Filter(
            node.iter, "_charge_loop", [weight], [], None, None, lineno=node.lineno
        )
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:
        """``a ~ b`` checks the size of its result first."""
        self.generic_visit(node)
        pieces = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(pieces, "_concatenate", [], [], None, None, lineno=node.lineno)


class JsonEnvironment(SandboxedEnvironment):
    """Jinja for JSON values: strict, sandboxed, deterministic, and limited in size and steps."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, finalize: Callable[[Any], Any]) -> None:
        super().__init__(undefined=MissingValue, keep_trailing_newline=True, finalize=finalize)
        del self.globals["lipsum"], self.filters["random"]  # they would make replies differ
        self.filters |= {"join": _join, "sum": _sum}
        self.filters = {
            name: _with_limits(name, function) for name, function in self.filters.items()
        }
        self.filters |= {"_charge_loop": _charge_loop, "_concatenate": _concatenate}

    def with_budget(self, tree: nodes.Template) -> nodes.Template:
        """A parsed template whose loops and concatenations count their steps."""
        transformed = _BudgetTransformer().visit(tree)
        assert isinstance(transformed, nodes.Template)
        return transformed

    def getattr(self, obj: Any, attribute: str) -> Any:
        """``input.items``: a field hides a method of the same name."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return self._special_member(obj, attribute) or super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """``input['prompt']``, and ``'text'['format']``, which reaches methods as well."""
        return self._special_member(obj, argument) or super().getitem(obj, argument)

    def _special_member(self, obj: Any, name: Any) -> Any:
        """The limited version of a method, or an undefined value for one that has no limit."""
        if isinstance(obj, str) and name == "format":
            return _LimitedFormat(self, obj)
        if isinstance(obj, (str, int, bytes)) and name in _UNBOUNDED:
            return self.unsafe_undefined(obj, name)
        return None

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """An undefined value whose use says which attribute is not allowed."""
        text = f'templates may not use "{attribute}" of {type(obj).__name__} values'
        return self.undefined(text, name=attribute, obj=obj, exc=UnsafeAccess)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may use an attribute: not an internal or unlimited one."""
        is_bounded = attr not in _UNBOUNDED and not (attr == "format" and isinstance(obj, str))
        return is_bounded and super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """An operator of ``intercepted_binops``, within the limits."""
        check_operands = _OPERAND_CHECKS.get(operator)
        if check_operands is not None:
            check_operands(left, right)
        elif isinstance(left, Sized) and isinstance(right, Sized):
            _check_size(len(left) + len(right), "a text" if isinstance(left, str) else "a list")
        return _check_result(super().call_binop(context, operator, left, right))

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """A call of a function or method, within the limits."""
        spend(1)
        subject = getattr(__obj, "__self__", None)
        name = getattr(__obj, "__name__", "")
        if not isinstance(__obj, Macro):
            for arg in (*args, *kwargs.values()):
                charge_value(arg)
        if name == "join" and isinstance(subject, str) and len(args) == 1 and not kwargs:
            return _join(__self, args[0], subject)
        if subject is not None:
            _check_call(name, subject, args, kwargs.values())
        return _check_result(super().call(__context, __obj, *args, **kwargs))


def _check_result(result: Any) -> Any:
    """The result if it is within the limits; a string costs steps by its length."""
    if isinstance(result, str):
        _check_size(len(result))
        spend(1 + len(result) // 1_000)
    elif isinstance(result, (list, tuple, dict)):
        _check_size(len(result), "a list")
        spend(1 + len(result) // 100)
    return result


class _LimitedFormat:
    """``'{:9}'.format``; a width may not be an argument itself (``{:{}}``)."""

    def __init__(self, environment: JsonEnvironment, text: str) -> None:
        self._formatter = SandboxedFormatter(environment)
        self._text = text

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        """The formatted text; raises LimitExceeded before it gets too long."""
        fields = 0
        for _, name, spec, _ in self._formatter.parse(self._text):
            fields += name is not None
            if spec and ("{" in spec or _WIDE.search(spec)):
                raise LimitExceeded(f"pads to more than {MAX_WIDTH:,}")
        _check_size(len(self._text) + fields * _max_text_length([args, kwargs]))
        return self._formatter.vformat(self._text, args, kwargs)


def _with_limits(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that checks its arguments and its result."""
    context_count = 1 if getattr(function, "jinja_pass_arg", None) is not None else 0

    def limited(*args: Any, **keywords: Any) -> Any:
        spend(1)
        arguments = args[context_count:]
        if arguments:
            if name not in ("default", "d", "attr") and not isinstance(arguments[0], Undefined):
                charge_value(arguments[0])
            _check_call(name, arguments[0], arguments[1:], keywords.values())
            if name == "format":
                _check_percent(arguments[0], list(arguments[1:]))
        return _check_result(function(*args, **keywords))

    if context_count:
        limited.jinja_pass_arg = function.jinja_pass_arg  # type: ignore[attr-defined]
    limited.__name__ = name
    return limited
