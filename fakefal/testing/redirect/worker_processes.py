"""Leads the processes of ``multiprocessing`` and of pools, whenever they began, to the fake.

A process that is started gets its environment from the one that starts it: the test's (spawn), or a
server process that may have begun before the fake or under an earlier one (forkserver). A worker of
a pool lives through several tests. So the state of the parent travels with what it sends them:
``spawn.get_preparation_data`` for a new process, and each task of a pool. Without a fake that state
takes an ended fake's environment away again, and in a guarded session keeps the child from fal.

Once opened, the patches stay until the process ends, as the children may do.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing.pool
import multiprocessing.spawn
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fakefal.guard import hooks
from fakefal.testing.redirect.client_caches import reset_clients
from fakefal.testing.redirect.environ import current_environment, set_variable

_NETWORK_PATCH = "fakefal.testing.redirect.network_patch"
_KEPT_VARIABLES = ("FAL_KEY", "NO_PROXY", "no_proxy")
"""What a forked worker with the patches of its parent needs: its sockets are redirected."""

_APPLY = """
import os, sys
if LEADS or "FAKEFAL_URL" in os.environ:
    os.environ.clear()
    os.environ.update(ENVIRONMENT)
if GUARDS and "fakefal_child" not in sys.modules:
    sys.path.insert(0, HOOKS)
    try:
        import fakefal_child
    finally:
        sys.path.remove(HOOKS)
    fakefal_child.install()
"""
"""Run by ``exec`` in a child that may not be able to import fakefal yet."""


@dataclass(frozen=True, slots=True)
class ChildState:
    """What a child must know: the environment of a program that the test starts, or, without a
    fake, this process's; the address of the fake; whether direct connections to fal are blocked.

    ``own_variables`` are those of this process, for workers that share its patches.
    """

    environment: dict[str, str]
    own_variables: dict[str, str]
    address: tuple[str, int] | None
    is_guarded: bool

    def globals(self) -> dict[str, Any]:
        """The names that ``_APPLY`` uses."""
        return {
            "ENVIRONMENT": self.environment,
            "GUARDS": self.is_guarded,
            "HOOKS": str(hooks.PYTHON),
            "LEADS": self.address is not None,
        }


class _Preparation:
    """Applies a state where it is unpickled, which is before the child imports anything."""

    def __init__(self, state: ChildState) -> None:
        self._state = state

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (_APPLY, self._state.globals())


StateSource = Callable[[], ChildState]
_sources: list[StateSource] = []
_guards: list[object] = []
_is_open = False


def lead_children(patches: ExitStack, source: StateSource) -> None:
    """Lead children to a fake until the stack is closed; the newest one of several leads."""
    _open()
    _sources.append(source)
    patches.callback(_sources.remove, source)


def guard_children(patches: ExitStack) -> None:
    """Keep children that begin while there is no fake from fal, until the stack is closed."""
    _open()
    guard = object()
    _guards.append(guard)
    patches.callback(_guards.remove, guard)


def current_state() -> ChildState:
    """What a child that is started now, or gets a task now, must know."""
    if _sources:
        return _sources[-1]()
    own = current_environment()
    return ChildState(own, _kept(own), None, bool(_guards))


def fake_state(environment: dict[str, str], address: tuple[str, int]) -> ChildState:
    """The state while a fake at this address leads."""
    return ChildState(environment, _kept(current_environment()), address, True)


def run_task(state: ChildState, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Run the task of a pool as its test would, in the process of a worker."""
    with _applied(state):
        return function(*args, **kwargs)


@contextmanager
def _applied(state: ChildState) -> Iterator[None]:
    with ExitStack() as patches:
        if getattr(socket.getaddrinfo, "__module__", "") == _NETWORK_PATCH:
            _patch_forked(state, patches)
        elif state.address is not None:
            patches.callback(_restore_environment, current_environment())
            exec(_APPLY, state.globals())
        else:
            exec(_APPLY, replace(state, is_guarded=False).globals())
        reset_clients()
        patches.callback(reset_clients)
        yield


def _patch_forked(state: ChildState, patches: ExitStack) -> None:
    """In a worker that has inherited patches of a fake, or of the session's guard, by fork."""
    from fakefal.testing.redirect.escapes import EscapeLog
    from fakefal.testing.redirect.network_patch import EndedFake, SocketRedirector

    for name in _KEPT_VARIABLES:
        set_variable(patches, name, state.own_variables.get(name, ""))
    if state.address is not None:
        SocketRedirector(*state.address, EscapeLog()).open(patches)
    elif SocketRedirector.open_count:
        EndedFake("", 0, EscapeLog()).open(patches)


def _open() -> None:
    global _is_open
    if _is_open:
        return
    _is_open = True
    prepare = multiprocessing.spawn.get_preparation_data

    def get_preparation_data(name: str) -> dict[str, Any]:
        return {"fakefal": _Preparation(current_state()), **prepare(name)}

    spawn: Any = multiprocessing.spawn
    spawn.get_preparation_data = get_preparation_data
    executor: Any = concurrent.futures.ProcessPoolExecutor
    submit = executor.submit

    def submit_led(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        return submit(self, run_task, current_state(), fn, *args, **kwargs)

    executor.submit = submit_led
    pool: Any = multiprocessing.pool.Pool
    for method in ("apply_async", "_map_async", "imap", "imap_unordered"):
        setattr(pool, method, _with_state(getattr(pool, method)))


def _with_state(real: Any) -> Any:
    def start(self: Any, func: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(self, multiprocessing.pool.ThreadPool):
            return real(self, func, *args, **kwargs)
        return real(self, partial(run_task, current_state(), func), *args, **kwargs)

    return start


def _kept(variables: dict[str, str]) -> dict[str, str]:
    return {name: variables[name] for name in _KEPT_VARIABLES if name in variables}


def _restore_environment(variables: dict[str, str]) -> None:
    os.environ.clear()  # noqa: TID251 - of a worker, whose task has ended
    os.environ.update(variables)  # noqa: TID251 - see above
