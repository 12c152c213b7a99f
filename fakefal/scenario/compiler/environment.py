"""Circumstances made ready: those of several scenarios, with what their presets stand for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from fakefal.errors import Mistake, ScenarioError
from fakefal.protocol.core.hosts import way_to
from fakefal.protocol.errors.catalog import find_entry
from fakefal.protocol.errors.fault import OPERATIONS
from fakefal.scenario.compiled.environment import Account, App, Chaos, World
from fakefal.scenario.compiled.faults import compile_fault, compile_faults
from fakefal.scenario.model.defaults import AccountSpec, AppSpec, ChaosSpec, Circumstances
from fakefal.scenario.model.webhooks import Jwks
from fakefal.scenario.presets.registry import PRESETS, merge

Named = dict[tuple[str, ...], Any]

_DEEP = frozenset({"accounts", "apps", "hosts", "faults", "options", "prices"})


def told_by(given: Circumstances) -> Named:
    """What circumstances say, part by part; what they say themselves goes before their presets."""
    data: dict[str, Any] = {}
    for name in given.preset or ():
        merge(data, PRESETS[name].data)
    fields = given.model_dump(by_alias=True, exclude_unset=True, include={*_FIELDS})
    merge(data, {name: value for name, value in fields.items() if value is not None})
    return dict(_flat(data))


_FIELDS = (*sorted(_DEEP), "account", "chaos", "jwks")


def _flat(data: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in data.items():
        if name in _DEEP:
            yield from (((name, inner), it) for inner, it in value.items() if it is not None)
        else:
            yield (name,), value


def together(given: Iterable[tuple[str, Named]]) -> dict[str, Any]:
    """Circumstances of several files as those of one; raises ScenarioError where two disagree."""
    told: dict[tuple[str, ...], tuple[Any, str]] = {}
    for file, named in given:
        for path, value in named.items():
            before = told.setdefault(path, (value, file))
            if before[0] != value:
                what = f"{path[-1]} is {value} here and {before[0]} in {before[1]}"
                right = "give scenarios that are used together the same"
                raise ScenarioError((Mistake(file, 0, 0, path[0], what, right),))
    data: dict[str, Any] = {}
    for path, (value, _) in told.items():
        if len(path) == 1:
            data[path[0]] = value
        else:
            data.setdefault(path[0], {})[path[1]] = value
    return data


def jwks_of(data: dict[str, Any]) -> Jwks | None:
    """How the keys of webhooks are published, from plain circumstances."""
    return _read(data).jwks


def _read(data: dict[str, Any]) -> Circumstances:
    return Circumstances.model_validate({name: data[name] for name in _FIELDS if name in data})


def make_world(data: dict[str, Any]) -> World | None:
    """A world from plain circumstances; None where nothing is out of the ordinary."""
    given = _read(data)
    accounts = [(key, _account(spec)) for key, spec in (given.accounts or {}).items()]
    if given.account is not None:
        accounts.append(("*", _account(given.account)))
    world = World(
        tuple(accounts),
        tuple((pattern, _app(spec)) for pattern, spec in (given.apps or {}).items()),
        frozenset(way_to(host) for host, state in (given.hosts or {}).items() if state == "down"),
        compile_faults(given.faults) or {},
        _chaos(given.chaos),
    )
    return None if world == World() else world


def _account(spec: AccountSpec) -> Account:
    entry = None if spec.state is None else find_entry(spec.state)
    is_locked = entry is not None and entry.status == 403
    reads = spec.reads or ("allowed" if is_locked or entry is None else "refused")
    return Account(
        entry,
        spec.after,
        reads == "allowed",
        math.inf if spec.concurrency is None else spec.concurrency,
    )


def _app(spec: AppSpec) -> App:
    return App(
        spec.gone,
        math.inf if spec.runners is None else spec.runners,
        spec.queue_length or 0,
        math.inf if spec.request_timeout is None else spec.request_timeout,
        spec.cancel,
        spec.realtime,
        None if spec.price is None else (spec.price.unit_price, spec.price.unit),
    )


def _chaos(spec: ChaosSpec | None) -> Chaos | None:
    if spec is None or spec.rate == 0:
        return None
    turns = tuple(compile_fault(entry)[0] for entry in spec.faults)
    return Chaos(spec.rate, spec.seed, turns, frozenset(spec.on or OPERATIONS))
