"""What the troubles of a scenario can have wrong beyond their shape: what never does anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fakefal.errors import Mistake
from fakefal.protocol.core.call import VIAS
from fakefal.protocol.errors.fault import OPERATIONS
from fakefal.scenario.files.source import Path, Source
from fakefal.scenario.model.faults import read_word

_VIAS = {
    **dict.fromkeys(("submit", "status", "status_stream", "result", "cancel"), ("queue",)),
    "run": ("run", "ws", "realtime"),
    "stream": ("stream", "ws"),
    "connect": ("socket", "ws", "realtime"),
}
"""How a call must have come for an operation to be asked for at all."""

_OF_OUTPUTS = ("omit", "finish_reason", "usage")
_STREAMS = ("stream", "status_stream")
_WHOLE_WORDS = ("broken-json", "empty")
_ANSWERING = ("run", "stream")


def check_circumstances(source: Source) -> Iterator[Mistake]:
    """What does nothing in the parts that hold for all calls."""
    data = source.data
    if not isinstance(data, dict):
        return
    yield from _faults(source, data.get("faults"), ("faults",), None)
    yield from _account(source, data.get("account"), ("account",))
    accounts, apps = data.get("accounts"), data.get("apps")
    for key, account in accounts.items() if isinstance(accounts, dict) else ():
        yield from _account(source, account, ("accounts", key))
    for name, app in apps.items() if isinstance(apps, dict) else ():
        yield from _gone(source, app, ("apps", name))


def check_troubles(source: Source, when: Any, reply: Any, path: Path) -> Iterator[Mistake]:
    """What does nothing in a reply of an exchange."""
    if not isinstance(reply, dict):
        return
    yield from _faults(source, reply.get("faults"), (*path, "faults"), _vias(when))
    stream = reply.get("stream")
    if isinstance(stream, dict):
        yield from _cut(source, stream.get("cut"), (*path, "stream", "cut"))
    for name in _OF_OUTPUTS:
        if name in reply and reply.get("fail") is not None:
            what = f"{name} does nothing beside fail: a failure has no output"
            yield source.mistake((*path, name), what, "keep one of them")


def _vias(when: Any) -> list[str] | None:
    """How the calls of an exchange come; None if that is not told."""
    if isinstance(when, dict) and when.get("method") == "GET":
        return ["run"]
    via = when.get("via") if isinstance(when, dict) else None
    vias = [via] if isinstance(via, str) else via
    if not isinstance(vias, list) or not vias:
        return None
    return vias if all(it in VIAS for it in vias) else None


def _faults(source: Source, faults: Any, path: Path, vias: list[str] | None) -> Iterator[Mistake]:
    for operation, entries in faults.items() if isinstance(faults, dict) else ():
        if operation not in OPERATIONS:
            continue
        where: Path = (*path, operation)
        ways = _VIAS.get(operation, ("queue",))
        if vias is not None and not set(ways) & set(vias):
            what = f"no call of this exchange comes to {operation}: it answers {', '.join(vias)}"
            yield source.mistake(where, what, f"add {ways[0]} to via, or remove them", key=True)
        if not isinstance(entries, list):
            yield from _fault(source, operation, entries, where)
            continue
        for number, entry in enumerate(entries):
            yield from _fault(source, operation, entry, (*where, number))
        endless = [_is_endless(entry) for entry in entries]
        if True in endless[:-1]:
            what = "the faults after one that always comes are never reached"
            yield source.mistake((*where, endless.index(True) + 1), what, "remove them")


def _is_endless(entry: Any) -> bool:
    if isinstance(entry, dict):
        return entry.get("times") == "always"
    written = read_word(entry) if isinstance(entry, str) else None
    return written is not None and written.times == "always"


def _fault(source: Source, operation: str, entry: Any, path: Path) -> Iterator[Mistake]:
    """What a fault says that does nothing to the answer of its operation."""
    if isinstance(entry, str):
        written = read_word(entry)
        word = "" if written is None else written.word
        if word == "too-early":
            yield from _too_early(source, operation, path)
        if word in _WHOLE_WORDS and operation in _STREAMS:
            yield source.mistake(path, f"{word} does nothing to a stream", _INSTEAD)
    if not isinstance(entry, dict):
        return
    if entry.get("too_early") is True:
        yield from _too_early(source, operation, (*path, "too_early"))
    if "cut" in entry and operation not in _STREAMS:
        what = f"cut counts events, and {operation} has none"
        yield source.mistake((*path, "cut"), what, "write truncate: 40%, for example")
    yield from _cut(source, entry.get("cut"), (*path, "cut"))
    if "code" in entry and operation not in (*_ANSWERING, "connect"):
        what = f"code is for sockets, and {operation} has none"
        yield source.mistake((*path, "code"), what, "remove it")
    if "body" in entry:
        if operation in _STREAMS and not _refuses(entry):
            yield source.mistake((*path, "body"), "body does nothing to a stream", _INSTEAD)
        for name in ("drop", "set"):
            if name in entry:
                what = f"{name} does nothing beside body"
                yield source.mistake((*path, name), what, "keep one of them")


_INSTEAD = "write {cut: {after: 1}}, or {set: {output: …}}"


def _refuses(entry: dict[str, Any]) -> bool:
    status = entry.get("status")
    return "fail" in entry or (isinstance(status, int) and status >= 400)


def _too_early(source: Source, operation: str, path: Path) -> Iterator[Mistake]:
    if operation != "result":
        what = f"only a result can be too early, and this is {operation}"
        yield source.mistake(path, what, "write it under result")


def _cut(source: Source, cut: Any, path: Path) -> Iterator[Mistake]:
    """What goes with one way of ending alone."""
    if not isinstance(cut, dict):
        return
    for name, how in (("for", "stall"), ("error", "error")):
        if name in cut and cut.get("how", "close") != how:
            what = f"{name} does nothing without how: {how}"
            yield source.mistake((*path, name), what, f"add how: {how}, or remove {name}")


def _account(source: Source, account: Any, path: Path) -> Iterator[Mistake]:
    if not isinstance(account, dict) or account.get("state") is not None:
        return
    for name in ("after", "reads"):
        if name in account:
            what = f"{name} does nothing without state"
            yield source.mistake((*path, name), what, "add state: exhausted-balance, for example")


def _gone(source: Source, app: Any, path: Path) -> Iterator[Mistake]:
    if isinstance(app, dict) and app.get("gone") is True and len(app) > 1:
        name = next(name for name in app if name != "gone")
        what = f"{name} does nothing beside gone: the app takes no call"
        yield source.mistake((*path, name), what, "keep one of them")
