"""Writes what a test has scripted to a scenario file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fakefal.engine.tenant import Tenant
from fakefal.errors import FakefalError
from fakefal.scenario.files.loader import dump_data
from fakefal.scenario.files.source import format_path
from fakefal.scenario.files.yaml_text import write_yaml
from fakefal.scenario.matching.predicates import function_name, functions_in
from fakefal.scenario.media.assets import Asset
from fakefal.scenario.model.scenario import Scenario


def scenario_of(
    tenant: Tenant, functions: Mapping[int, Sequence[tuple[str, Any]]] | None = None
) -> Scenario:
    """The scenario that would make a fake answer as this tenant does.

    ``functions`` are those among the replies, by the number of their exchange. Raises FakefalError
    that names everything which no file can hold.
    """
    exchanges = []
    reasons = []
    for index, entry in enumerate((*tenant.own.entries, *tenant.base.entries)):
        data = entry.exchange.model_dump(by_alias=True, exclude_unset=True)
        at = ("exchanges", index)
        for path, function in functions_in(data.get("when"), (*at, "when")):
            right = "write contains(…), regex(…), any_of(…) or another pattern instead"
            told = f"the function {function_name(function)} decides what matches"
            reasons.append(f"{format_path(path)}: {told} — {right}")
        for _, function in (functions or {}).get(index, ()) if entry in tenant.own.entries else ():
            told = f"the function {function_name(function)} answers"
            right = "write text(…) or output(…); a template such as {{ input.prompt }} may help"
            reasons.append(f"{format_path(at)}: {told} — {right}")
        exchanges.append(data)
    if reasons:
        raise FakefalError("\n".join(("a scenario file cannot hold functions:", *reasons)))
    whole: dict[str, Any] = {"fakefal": 1, **tenant.terms.told}
    if tenant.terms.seed:
        whole["seed"] = tenant.terms.seed
    return Scenario.model_validate({**whole, "exchanges": exchanges})


def write_scenario(scenario: Scenario, path: Path, assets: Mapping[str, Asset]) -> None:
    """Write a scenario and the files that its outputs refer to, which lie beside it.

    Raises FakefalError rather than replace a file that holds something else.
    """
    for name, asset in assets.items():
        beside = path.parent / name
        if beside.exists():
            if beside.read_bytes() != asset.data:
                raise FakefalError(
                    f'"{name}" of the scenario would replace another file, {beside} — dump to '
                    "another folder"
                )
            continue
        beside.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(asset.data)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = dump_data(scenario)
    told = {"fakefal": data.pop("fakefal"), **data}
    path.write_text(write_yaml(told), encoding="utf-8")
