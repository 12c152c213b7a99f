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


def export_scenario(
    tenant: Tenant, functions: Mapping[int, Sequence[tuple[str, Any]]] | None = None
) -> Scenario:
    """The scenario that would make a fake answer as this tenant does.

    ``functions`` are those among the replies, by the number of their exchange. Raises FakefalError
    that names everything which no file can hold.
    """
    exchanges = []
    reasons = []
    for index, exchange in enumerate((*tenant.own_index.exchanges, *tenant.base_index.exchanges)):
        data = exchange.model.model_dump(by_alias=True, exclude_unset=True)
        at = ("exchanges", index)
        for path, function in functions_in(data.get("when"), (*at, "when")):
            suggestion = "write contains(…), regex(…), any_of(…) or another pattern instead"
            problem = f"the function {function_name(function)} decides what matches"
            reasons.append(f"{format_path(path)}: {problem} — {suggestion}")
        for _, function in (
            (functions or {}).get(index, ()) if exchange in tenant.own_index.exchanges else ()
        ):
            problem = f"the function {function_name(function)} answers"
            suggestion = (
                "write text(…) or output(…); a template such as {{ input.prompt }} may help"
            )
            reasons.append(f"{format_path(at)}: {problem} — {suggestion}")
        exchanges.append(data)
    if reasons:
        raise FakefalError("\n".join(("a scenario file cannot hold functions:", *reasons)))
    fields: dict[str, Any] = {"fakefal": 1, **tenant.settings.raw}
    if tenant.settings.seed:
        fields["seed"] = tenant.settings.seed
    return Scenario.model_validate({**fields, "exchanges": exchanges})


def write_scenario(scenario: Scenario, path: Path, assets: Mapping[str, Asset]) -> None:
    """Write a scenario and the files that its outputs refer to, which lie beside it.

    Raises FakefalError rather than replace a file that holds something else.
    """
    for name, asset in assets.items():
        target = path.parent / name
        if target.exists():
            if target.read_bytes() != asset.data:
                raise FakefalError(
                    f'"{name}" of the scenario would replace another file, {target} — dump to '
                    "another folder"
                )
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(asset.data)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = dump_data(scenario)
    ordered_data = {"fakefal": data.pop("fakefal"), **data}
    path.write_text(write_yaml(ordered_data), encoding="utf-8")
