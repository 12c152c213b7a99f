"""Checks of faults: settings that can never have an effect where they are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fakefal.errors import ScenarioProblem
from fakefal.protocol.core.call import VIAS
from fakefal.protocol.errors.fault import OPERATIONS
from fakefal.scenario.files.source import Path, Source
from fakefal.scenario.model.faults import parse_fault

_VIAS = {
    **dict.fromkeys(("submit", "status", "status_stream", "result", "cancel"), ("queue",)),
    "run": ("run", "ws", "realtime"),
    "stream": ("stream", "ws"),
    "connect": ("socket", "ws", "realtime"),
}
"""For each operation, the values of ``via`` whose calls have it."""

_OUTPUT_FIELDS = ("omit_fields", "finish_reason", "usage")
_STREAMS = ("stream", "status_stream")
_BODY_WORDS = ("broken-json", "empty")
_SOCKET_OPERATIONS = ("run", "stream")


def check_scenario_faults(source: Source) -> Iterator[ScenarioProblem]:
    """Problems of the faults, accounts and apps that apply to all calls."""
    data = source.data
    if not isinstance(data, dict):
        return
    yield from _check_fault_lists(source, data.get("faults"), ("faults",), None)
    yield from _check_account(source, data.get("account"), ("account",))
    accounts, apps = data.get("accounts"), data.get("apps")
    for key, account in accounts.items() if isinstance(accounts, dict) else ():
        yield from _check_account(source, account, ("accounts", key))
    for name, app in apps.items() if isinstance(apps, dict) else ():
        yield from _check_removed(source, app, ("apps", name))


def check_reply_faults(
    source: Source, when: Any, reply: Any, path: Path
) -> Iterator[ScenarioProblem]:
    """Problems of the faults and the stream of a reply."""
    if not isinstance(reply, dict):
        return
    yield from _check_fault_lists(source, reply.get("faults"), (*path, "faults"), _vias(when))
    stream = reply.get("stream")
    if isinstance(stream, dict):
        yield from _check_cut(source, stream.get("cut"), (*path, "stream", "cut"))
    for name in _OUTPUT_FIELDS:
        if name in reply and reply.get("fail") is not None:
            message = f"{name} has no effect with fail: a failure has no output"
            yield source.problem((*path, name), message, "keep one of them")


def _vias(when: Any) -> list[str] | None:
    """The ``via`` of an exchange; None if it has none, or an invalid one."""
    if isinstance(when, dict) and when.get("method", "POST") != "POST":
        return ["run"]
    via = when.get("via") if isinstance(when, dict) else None
    vias = [via] if isinstance(via, str) else via
    if not isinstance(vias, list) or not vias:
        return None
    return vias if all(name in VIAS for name in vias) else None


def _check_fault_lists(
    source: Source, faults: Any, path: Path, vias: list[str] | None
) -> Iterator[ScenarioProblem]:
    for operation, fault_list in faults.items() if isinstance(faults, dict) else ():
        if operation not in OPERATIONS:
            continue
        operation_path: Path = (*path, operation)
        required_vias = _VIAS.get(operation, ("queue",))
        if vias is not None and not set(required_vias) & set(vias):
            message = f"calls of this exchange have no {operation}: its via is {', '.join(vias)}"
            yield source.problem(
                operation_path, message, f"add {required_vias[0]} to via, or remove them", key=True
            )
        if not isinstance(fault_list, list):
            yield from _check_fault(source, operation, fault_list, operation_path)
            continue
        for number, fault in enumerate(fault_list):
            yield from _check_fault(source, operation, fault, (*operation_path, number))
        endless = [_is_endless(fault) for fault in fault_list]
        if True in endless[:-1]:
            message = "the faults after one with times: always are never used"
            yield source.problem((*operation_path, endless.index(True) + 1), message, "remove them")


def _is_endless(fault: Any) -> bool:
    if isinstance(fault, dict):
        return fault.get("times") == "always"
    parsed = parse_fault(fault) if isinstance(fault, str) else None
    return parsed is not None and parsed.times == "always"


def _check_fault(
    source: Source, operation: str, fault: Any, path: Path
) -> Iterator[ScenarioProblem]:
    """Problems of one fault: what has no effect on its operation."""
    if isinstance(fault, str):
        parsed = parse_fault(fault)
        word = "" if parsed is None else parsed.word
        if word == "too-early":
            yield from _check_too_early(source, operation, path)
        if word in _BODY_WORDS and operation in _STREAMS:
            yield source.problem(path, f"{word} has no effect on a stream", _STREAM_HINT)
    if not isinstance(fault, dict):
        return
    if fault.get("too_early") is True:
        yield from _check_too_early(source, operation, (*path, "too_early"))
    if "cut" in fault and operation not in _STREAMS:
        message = f"cut counts events, and {operation} has none"
        yield source.problem((*path, "cut"), message, "write truncate: 40%, for example")
    yield from _check_cut(source, fault.get("cut"), (*path, "cut"))
    if "code" in fault and operation not in (*_SOCKET_OPERATIONS, "connect"):
        message = f"code is for sockets, and {operation} has none"
        yield source.problem((*path, "code"), message, "remove it")
    if "body" in fault:
        if operation in _STREAMS and not _is_error(fault):
            yield source.problem((*path, "body"), "body has no effect on a stream", _STREAM_HINT)
        for name in ("drop", "set"):
            if name in fault:
                message = f"{name} has no effect with body"
                yield source.problem((*path, name), message, "keep one of them")


_STREAM_HINT = "write {cut: {after: 1}}, or {set: {output: …}}"


def _is_error(fault: dict[str, Any]) -> bool:
    status = fault.get("status")
    return "fail" in fault or (isinstance(status, int) and status >= 400)


def _check_too_early(source: Source, operation: str, path: Path) -> Iterator[ScenarioProblem]:
    if operation != "result":
        message = f"only a result can be too early, not {operation}"
        yield source.problem(path, message, "write it under result")


def _check_cut(source: Source, cut: Any, path: Path) -> Iterator[ScenarioProblem]:
    """Fields of ``cut`` that require a certain ``how``."""
    if not isinstance(cut, dict):
        return
    for name, how in (("for", "stall"), ("error", "error")):
        if name in cut and cut.get("how", "close") != how:
            message = f"{name} has no effect without how: {how}"
            yield source.problem((*path, name), message, f"add how: {how}, or remove {name}")


def _check_account(source: Source, account: Any, path: Path) -> Iterator[ScenarioProblem]:
    if not isinstance(account, dict) or account.get("state") is not None:
        return
    for name in ("after", "reads"):
        if name in account:
            message = f"{name} has no effect without state"
            yield source.problem(
                (*path, name), message, "add state: exhausted-balance, for example"
            )


def _check_removed(source: Source, app: Any, path: Path) -> Iterator[ScenarioProblem]:
    if isinstance(app, dict) and app.get("removed") is True and len(app) > 1:
        name = next(name for name in app if name != "removed")
        message = f"{name} has no effect with removed: the app accepts no calls"
        yield source.problem((*path, name), message, "keep one of them")
