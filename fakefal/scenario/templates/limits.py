"""The sandbox of templates, which bounds what a template may make and how long it takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, nodes
from jinja2.filters import make_attrgetter
from jinja2.runtime import Context, Macro, Undefined
from jinja2.sandbox import SandboxedEnvironment, SandboxedFormatter
from jinja2.utils import pass_environment
from jinja2.visitor import NodeTransformer

if TYPE_CHECKING:
    from jinja2 import Environment

MAX_STEPS = 250_000
"""Turns of loops, calls, and parts of values that one rendering may go through."""

MAX_TEXT_LENGTH = 10_000_000
"""Characters of a text that a template may make; entries of a list are a hundredth of it."""

MAX_BITS = 14_000
"""Bits of a whole number: just under the digits that Python turns into text."""

MAX_WIDTH = 10_000
"""What a filter or method may be told to pad, indent or round to."""

_PADDING = frozenset(
    {"center", "ljust", "rjust", "zfill", "expandtabs", "indent", "wordwrap", "tojson", "round"}
    | {"batch", "slice"}
)
_SLOW = {"wordwrap": 100_000, "urlize": 1_000_000}
"""Filters that take long, and the longest text that they get."""

_UNBOUNDED = frozenset({"to_bytes", "translate", "format_map"})
_WIDE = re.compile(r"[0-9]{5}|\*")


class LimitExceeded(ValueError):
    """A template that would make too much, or take too long."""


class _Budget:
    """What is left to one rendering."""

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
    """Within it a template has one budget; TooMuch is raised when it is spent."""
    token = _budget.set(_Budget())
    try:
        yield
    finally:
        _budget.reset(token)


def spend(steps: int) -> None:
    """Take steps from the budget of this rendering; raises TooMuch."""
    budget = _budget.get()
    if budget is not None:
        budget.spend(steps)


def _check_size(size: float, what: str = "a text") -> None:
    limit = MAX_TEXT_LENGTH if what == "a text" else MAX_TEXT_LENGTH // 100
    if size > limit:
        unit = "characters" if what == "a text" else "entries"
        raise LimitExceeded(f"makes {what} of more than {limit:,} {unit}")


def charge_value(value: Any) -> Any:
    """A value as it is, its parts counted: lists may hold each other many times over."""
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
    """How long a text is that shows the value, or one of its parts; about, for what is no text."""
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
    """Refuse what would make more than is allowed, before it is made."""
    if name in _SLOW and isinstance(subject, str) and len(subject) > _SLOW[name]:
        raise LimitExceeded(f"{name} is asked for a text of more than {_SLOW[name]:,} characters")
    if name in _PADDING:
        for argument in (*arguments, *keywords):
            if isinstance(argument, int) and abs(argument) > MAX_WIDTH:
                raise LimitExceeded(f"{name} is asked for more than {MAX_WIDTH:,}")
            if isinstance(argument, int) and isinstance(subject, str):
                _check_size((1 + subject.count("\n") + subject.count("\t")) * abs(argument))
    elif name == "replace" and isinstance(subject, (str, bytes)) and len(arguments) >= 2:
        old, new = arguments[:2]
        if isinstance(old, (str, bytes)) and isinstance(new, Sized):
            occurrences = subject.count(old)  # type: ignore[arg-type]  # one that does not fit raises
            _check_size(len(subject) + occurrences * len(new))
    elif name == "extend" and isinstance(subject, list) and arguments:
        _check_size(len(subject) + len(charge_value(list(arguments[0]))), "a list")


@pass_environment
def _join(environment: Environment, value: Any, d: str = "", attribute: Any = None) -> str:
    """Jinja's ``join``, which adds up before it joins."""
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


def _charge_loop(value: Any, weight: int) -> Any:
    """What a loop goes through; each turn costs ``weight``."""
    if isinstance(value, Sized):
        spend(len(value) * weight)
        return value
    return _charge_items(value, weight)


def _charge_items(value: Iterable[Any], weight: int) -> Iterator[Any]:
    for item in value:
        spend(weight)
        yield item


def _concatenate(pieces: list[Any]) -> str:
    """What ``~`` makes."""
    texts = [str(charge_value(piece)) for piece in pieces]
    _check_size(sum(map(len, texts)))
    return "".join(texts)


class _BudgetTransformer(NodeTransformer):
    """Puts our counting into loops and concatenations."""

    def visit_For(self, node: nodes.For) -> nodes.For:
        """A loop pays for each turn, and for the text that a turn writes."""
        self.generic_visit(node)
        written = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
        weight = nodes.Const(1 + written // 100)
        node.iter = nodes.Filter(
            node.iter, "_counted", [weight], [], None, None, lineno=node.lineno
        )
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:
        """``a ~ b`` looks at the size first."""
        self.generic_visit(node)
        pieces = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(pieces, "_joined", [], [], None, None, lineno=node.lineno)


class JsonEnvironment(SandboxedEnvironment):
    """Jinja for JSON values: strict, sandboxed, the same for the same call, and bounded."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, finalize: Callable[[Any], Any]) -> None:
        super().__init__(undefined=StrictUndefined, keep_trailing_newline=True, finalize=finalize)
        del self.globals["lipsum"], self.filters["random"]  # the same call, same bytes
        self.filters["join"] = _join
        self.filters = {
            name: _with_limits(name, function) for name, function in self.filters.items()
        }
        self.filters |= {"_counted": _charge_loop, "_joined": _concatenate}

    def with_budget(self, tree: nodes.Template) -> nodes.Template:
        """A parsed template in which loops and concatenations are counted."""
        transformed = _BudgetTransformer().visit(tree)
        assert isinstance(transformed, nodes.Template)
        return transformed

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field goes before a method of the same name: ``input.items``."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return self._special_member(obj, attribute) or super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """``input['prompt']``."""
        return self._special_member(obj, argument) or super().getitem(obj, argument)

    def _special_member(self, obj: Any, name: Any) -> Any:
        """Methods that are not taken as they are."""
        if isinstance(obj, str) and name == "format":
            return _LimitedFormat(self, obj)
        if isinstance(obj, (str, int, bytes)) and name in _UNBOUNDED:
            return self.unsafe_undefined(obj, name)
        return None

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """What may be used of a value: nothing internal, and nothing that cannot be bounded."""
        is_bounded = attr not in _UNBOUNDED and not (attr == "format" and isinstance(obj, str))
        return is_bounded and super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """``left * right`` and the like, bounded."""
        check_operands = _OPERAND_CHECKS.get(operator)
        if check_operands is not None:
            check_operands(left, right)
        elif isinstance(left, Sized) and isinstance(right, Sized):
            _check_size(len(left) + len(right), "a text" if isinstance(left, str) else "a list")
        return _check_result(super().call_binop(context, operator, left, right))

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """A call, bounded."""
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
    """What was made, if it is not too much; a text costs as much as it is long."""
    if isinstance(result, str):
        _check_size(len(result))
        spend(1 + len(result) // 1_000)
    elif isinstance(result, (list, tuple, dict)):
        _check_size(len(result), "a list")
        spend(1 + len(result) // 100)
    return result


class _LimitedFormat:
    """``'{:9}'.format``: it may not pad to a width that is itself a value."""

    def __init__(self, environment: JsonEnvironment, text: str) -> None:
        self._formatter = SandboxedFormatter(environment)
        self._text = text

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        """The text with its fields filled in; raises TooMuch before it is too long."""
        fields = 0
        for _, name, spec, _ in self._formatter.parse(self._text):
            fields += name is not None
            if spec and ("{" in spec or _WIDE.search(spec)):
                raise LimitExceeded(f"pads to more than {MAX_WIDTH:,}")
        _check_size(len(self._text) + fields * _max_text_length([args, kwargs]))
        return self._formatter.vformat(self._text, args, kwargs)


def _with_limits(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that looks at what it gets and at what it makes."""
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
