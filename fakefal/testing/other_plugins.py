"""What to do where another plugin keeps the test from its fake."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

_PYTEST_SOCKET = "pytest_socket"
SOCKETS_FORBIDDEN = (
    "pytest-socket forbids the sockets of the fake and of the clients that call it — allow this "
    "machine only: pytest --disable-socket --allow-hosts=127.0.0.1, or "
    '@pytest.mark.allow_hosts(["127.0.0.1"]) or @pytest.mark.enable_socket on the test; the real '
    "fal stays out of reach, as fakefal refuses connections to it"
)


@contextmanager
def allowed_sockets() -> Iterator[None]:
    """Inside the block sockets can be made, whatever the test that is first to need the server may.

    A server that failed to start would fail all later tests too.
    """
    guard: Any = socket.socket
    if _is_of_pytest_socket(guard):
        vars(socket)["socket"] = guard.__mro__[1]
    try:
        yield
    finally:
        vars(socket)["socket"] = guard


def find_obstacle(address: tuple[str, int]) -> str:
    """Why this test cannot reach the fake at an address, and what to do; empty if it can.

    Source: client (pytest-socket 0.8.1: a class in place of ``socket.socket`` that cannot be
    created, or a function in place of its ``connect`` that raises for other hosts).
    """
    if _is_of_pytest_socket(socket.socket):
        return SOCKETS_FORBIDDEN
    connect = socket.socket.connect
    if not _is_of_pytest_socket(connect):
        return ""
    with socket.socket() as probe:
        try:
            connect(probe, address)
        except RuntimeError:
            return SOCKETS_FORBIDDEN
        except OSError:
            pass
    return ""


def explain_error(error: BaseException | None) -> str:
    """What to do about an error of another plugin that a client got; empty for other errors."""
    return SOCKETS_FORBIDDEN if _is_of_pytest_socket(type(error)) else ""


def refuse_obstacle(address: tuple[str, int]) -> None:
    """Fail the test at once if something is known to keep it from its fake."""
    import pytest

    if obstacle := find_obstacle(address):
        pytest.fail(obstacle, pytrace=False)


def add_explanation(report: pytest.TestReport, error: BaseException | None) -> None:
    """Add what to do to the report of a failed test."""
    if explanation := explain_error(error):
        report.sections.append(("fakefal", explanation))


def _is_of_pytest_socket(thing: object) -> bool:
    return str(getattr(thing, "__module__", "")).partition(".")[0] == _PYTEST_SOCKET
