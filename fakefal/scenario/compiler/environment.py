"""Compiles scenario-wide defaults: merged over several scenarios, with presets expanded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from fakefal.errors import ScenarioError, ScenarioProblem
from fakefal.protocol.core.hosts import host_group
from fakefal.protocol.errors.catalog import find_error
from fakefal.protocol.errors.fault import OPERATIONS
from fakefal.scenario.compiled.environment import Account, App, Chaos, CompiledEnvironment
from fakefal.scenario.compiler.faults import compile_fault, compile_faults
from fakefal.scenario.model.defaults import AccountSpec, AppSpec, ChaosSpec, ScenarioDefaults
from fakefal.scenario.model.webhooks import Jwks
from fakefal.scenario.presets.registry import PRESETS, merge

Parts = dict[tuple[str, ...], Any]
"""Values by path: ``("account",)`` or, where a field is a mapping, ``("apps", "fal-ai/*")``."""

_MAPPINGS = frozenset({"accounts", "apps", "hosts", "faults", "options", "prices"})


def flatten_defaults(defaults: ScenarioDefaults) -> Parts:
    """The fields that are set, by path; a scenario's own fields override those of its presets."""
    data: dict[str, Any] = {}
    for name in defaults.preset or ():
        merge(data, PRESETS[name].data)
    fields = defaults.model_dump(by_alias=True, exclude_unset=True, include={*_FIELD_NAMES})
    merge(data, {name: value for name, value in fields.items() if value is not None})
    return dict(_flatten(data))


_FIELD_NAMES = (*sorted(_MAPPINGS), "account", "chaos", "jwks")


def _flatten(data: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in data.items():
        if name in _MAPPINGS:
            yield from (((name, inner), item) for inner, item in value.items() if item is not None)
        else:
            yield (name,), value


def merge_parts(parts_by_file: Iterable[tuple[str, Parts]]) -> dict[str, Any]:
    """The defaults of several files as plain data; raises ScenarioError where two disagree."""
    values: dict[tuple[str, ...], tuple[Any, str]] = {}
    for file, parts in parts_by_file:
        for path, value in parts.items():
            first = values.setdefault(path, (value, file))
            if first[0] != value:
                problem = f"{path[-1]} is {value} here and {first[0]} in {first[1]}"
                fix = "scenarios that are used together must agree"
                raise ScenarioError((ScenarioProblem(file, 0, 0, path[0], problem, fix),))
    data: dict[str, Any] = {}
    for path, (value, _) in values.items():
        if len(path) == 1:
            data[path[0]] = value
        else:
            data.setdefault(path[0], {})[path[1]] = value
    return data


def jwks_of(data: dict[str, Any]) -> Jwks | None:
    """The ``jwks`` of plain defaults."""
    return _validate(data).jwks


def _validate(data: dict[str, Any]) -> ScenarioDefaults:
    return ScenarioDefaults.model_validate(
        {name: data[name] for name in _FIELD_NAMES if name in data}
    )


def compile_environment(data: dict[str, Any]) -> CompiledEnvironment | None:
    """From plain defaults; None for an environment in which nothing goes wrong."""
    defaults = _validate(data)
    accounts = [(key, _compile_account(spec)) for key, spec in (defaults.accounts or {}).items()]
    if defaults.account is not None:
        accounts.append(("*", _compile_account(defaults.account)))
    environment = CompiledEnvironment(
        tuple(accounts),
        tuple((pattern, _compile_app(spec)) for pattern, spec in (defaults.apps or {}).items()),
        frozenset(
            host_group(host) for host, state in (defaults.hosts or {}).items() if state == "down"
        ),
        compile_faults(defaults.faults) or {},
        _compile_chaos(defaults.chaos),
    )
    return None if environment == CompiledEnvironment() else environment


def _compile_account(spec: AccountSpec) -> Account:
    rejection = None if spec.state is None else find_error(spec.state)
    is_locked = rejection is not None and rejection.status == 403
    reads = spec.reads or ("allowed" if is_locked or rejection is None else "refused")
    return Account(
        rejection,
        spec.after,
        reads == "allowed",
        math.inf if spec.concurrency is None else spec.concurrency,
        spec.balance,
    )


def _compile_app(spec: AppSpec) -> App:
    return App(
        spec.removed,
        math.inf if spec.runners is None else spec.runners,
        spec.queue_length or 0,
        math.inf if spec.request_timeout is None else spec.request_timeout,
        spec.cancel,
        spec.realtime,
        None if spec.price is None else (spec.price.unit_price, spec.price.unit),
        spec.fill_defaults,
    )


def _compile_chaos(spec: ChaosSpec | None) -> Chaos | None:
    if spec is None or spec.rate == 0:
        return None
    faults = tuple(compile_fault(fault)[0] for fault in spec.faults)
    return Chaos(spec.rate, spec.seed, faults, frozenset(spec.on or OPERATIONS))
