"""Writes docs/reference/python-api.md from the docstrings of the public names.

Run ``python docs/write_python_api.py`` after a change; a test fails while the page differs.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fakefal
from fakefal.engine.controls import CallRecord
from fakefal.engine.reports.billing import BilledCall, BilledCalls
from fakefal.scenario.builder import ExchangeBuilder
from fakefal.testing.inspect.calls import Calls
from fakefal.testing.inspect.clock import FakeClock
from fakefal.testing.inspect.jobs import JobRecord
from fakefal.testing.inspect.webhooks import FakeWebhooks, WebhookRecord
from fakefal.testing.receiver import Arrival, Receiver

PAGE = Path(__file__).parent / "reference" / "python-api.md"

MATCHERS = (
    *("absent", "all_of", "any_of", "anything", "contains", "less_than", "more_than", "regex"),
)

_ERRORS = tuple(
    value
    for name in fakefal.__all__
    if inspect.isclass(value := getattr(fakefal, name)) and issubclass(value, Exception)
)

SECTIONS: dict[str, tuple[Any, ...]] = {
    "In a test": (fakefal.FakeFal, ExchangeBuilder, fakefal.Failure),
    "What a test looks at": (
        *(Calls, CallRecord, BilledCalls, BilledCall, JobRecord, FakeClock),
        *(FakeWebhooks, WebhookRecord, Receiver, Arrival),
    ),
    "Without pytest": (fakefal.running_fake, fakefal.FakeFalMixin),
    "Servers": (fakefal.FakeFalServer, fakefal.ThreadedServer, fakefal.Settings, fakefal.Limits),
    "Matchers": tuple(getattr(fakefal, name) for name in MATCHERS),
    "Errors and warnings": (*_ERRORS, fakefal.ScenarioProblem),
}
"""Public names by the heading under which they stand."""


def page() -> str:
    """The whole page."""
    parts = [
        "# Python API",
        "Everything here is public; names are imported from `fakefal` unless a fixture gives them. "
        "How they are used is shown in [pytest.md](../pytest.md).",
    ]
    for title, values in SECTIONS.items():
        parts.append(f"## {title}")
        for value in values:
            parts += _entry(value)
    return "\n\n".join(parts) + "\n"


def _entry(value: Any) -> Iterator[str]:
    yield f"### {value.__name__}"
    if not inspect.isclass(value):
        yield f"`{value.__name__}{_signature(value)}`"
        yield _text(value)
        return
    if not issubclass(value, Exception) and "__init__" in vars(value):
        yield f"`{value.__name__}{_signature(value)}`"
    yield _text(value)
    rows = [*_fields(value), *(row for name, it in _members(value) for row in _row(name, it))]
    if rows:
        yield "\n".join(["| member | |", "|---|---|", *rows])


def _members(value: type) -> Iterator[tuple[str, Any]]:
    """Public members, those of base classes of fakefal included, in the order they are written."""
    members: dict[str, Any] = {}
    for base in reversed(value.__mro__):
        if base.__module__.startswith("fakefal"):
            fields = getattr(base, "__dataclass_fields__", {})
            members |= {name: member for name, member in vars(base).items() if name not in fields}
    for name, member in members.items():
        if not name.startswith("_") and (
            inspect.isfunction(member) or isinstance(member, property)
        ):
            yield name, member


def _fields(value: type) -> Iterator[str]:
    """The fields of a dataclass, with their types and defaults."""
    if dataclasses.is_dataclass(value):
        for it in dataclasses.fields(value):
            has_default = it.default is not dataclasses.MISSING
            default = f" = {it.default!r}" if has_default else ""
            label = f"{it.name}: {it.type}{default}".replace("|", "\\|")
            yield f"| `{label}` | |"


def _row(name: str, member: Any) -> Iterator[str]:
    if isinstance(member, property):
        label, documented = name, member.fget
    else:
        label, documented = f"{name}{_signature(member)}", member
    label = label.replace("|", "\\|")
    yield f"| `{label}` | {_text(documented, in_row=True)} |"


def _signature(value: Any) -> str:
    """Parameters as they are called: without ``self`` and without types."""
    try:
        signature = inspect.signature(value)
    except ValueError:
        return "()"
    parameters = [
        it.replace(annotation=inspect.Parameter.empty)
        for it in signature.parameters.values()
        if it.name not in ("self", "cls")
    ]
    bare = signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty)
    return re.sub(r"<[^>]*>", "…", str(bare))


def _text(value: Any, *, in_row: bool = False) -> str:
    text = inspect.getdoc(value) or ""
    text = re.sub(r"``([^`]*)``", r"`\1`", text)
    return re.sub(r"\s+", " ", text).replace("|", "\\|") if in_row else text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
