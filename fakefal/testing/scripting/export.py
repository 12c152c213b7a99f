"""Exports the exchanges of a test as a scenario, and writes it with its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fakefal.engine.tenant import Tenant
from fakefal.errors import FakefalError, hide_frame
from fakefal.scenario.files.loader import dump_data
from fakefal.scenario.files.source import format_path
from fakefal.scenario.files.yaml_text import write_yaml
from fakefal.scenario.matching.predicates import function_name, functions_in
from fakefal.scenario.media.assets import Asset
from fakefal.scenario.model.scenario import Scenario

__tracebackhide__ = hide_frame


def export_scenario(
    tenant: Tenant, functions: Mapping[int, Sequence[tuple[str, Any]]] | None = None
) -> Scenario:
    """The tenant's exchanges and settings as a scenario that answers in the same way.

    ``functions`` are pairs of kind and reply function by index of the exchange. Raises
    FakefalError with a line for each function, as a file cannot hold any.
    """
    exchanges = []
    problems = []
    for index, exchange in enumerate((*tenant.own_index.exchanges, *tenant.base_index.exchanges)):
        data = exchange.model.model_dump(by_alias=True, exclude_unset=True)
        at = ("exchanges", index)
        for path, function in functions_in(data.get("when"), (*at, "when")):
            suggestion = "use contains(…), regex(…), any_of(…) or another pattern instead"
            problem = f"the function {function_name(function)} is a predicate"
            problems.append(f"{format_path(path)}: {problem} — {suggestion}")
        is_own = exchange in tenant.own_index.exchanges
        for _, function in (functions or {}).get(index, ()) if is_own else ():
            problem = f"the function {function_name(function)} makes the reply"
            suggestion = "use text(…) or output(…), with a template such as {{ input.prompt }}"
            problems.append(f"{format_path(at)}: {problem} — {suggestion}")
        exchanges.append(data)
    routes = []
    for index, route in enumerate(tenant.routes.routes):
        route_data = route.model.model_dump(by_alias=True, exclude_unset=True)
        for path, function in functions_in(route_data.get("when"), ("routes", index, "when")):
            suggestion = "use contains(…), regex(…), any_of(…) or another pattern instead"
            problem = f"the function {function_name(function)} is a predicate"
            problems.append(f"{format_path(path)}: {problem} — {suggestion}")
        routes.append(route_data)
    if problems:
        raise FakefalError("\n".join(("a scenario file cannot hold functions:", *problems)))
    fields: dict[str, Any] = {"fakefal": 1, **tenant.settings.raw}
    if tenant.settings.seed:
        fields["seed"] = tenant.settings.seed
    if routes:
        fields["routes"] = routes
    return Scenario.model_validate({**fields, "exchanges": exchanges})


def write_scenario(scenario: Scenario, path: Path, assets: Mapping[str, Asset]) -> None:
    """Write a scenario, and beside it the files that its outputs refer to.

    Raises FakefalError if a file with other content would be overwritten.
    """
    for name, asset in assets.items():
        if Path(name).is_absolute():
            raise FakefalError(
                f'"{name}" is an absolute path — a scenario needs its files beside it; write a '
                "relative path"
            )
        target = path.parent / name
        if target.exists():
            if target.read_bytes() != asset.data:
                raise FakefalError(
                    f'"{name}" of the scenario would overwrite another file, {target} — dump to '
                    "another folder"
                )
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(asset.data)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = dump_data(scenario)
    ordered_data = {"fakefal": data.pop("fakefal"), **data}
    path.write_text(write_yaml(ordered_data), encoding="utf-8")
