"""What is valid in a scenario file and probably not meant: ``fakefal check`` warns of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fakefal.errors import ScenarioProblem
from fakefal.scenario.compiled.index import ExchangeIndex
from fakefal.scenario.compiled.scenario import LoadedScenario
from fakefal.scenario.compiled.shadowing import shadowed
from fakefal.scenario.files.source import Path, Source

_MILLISECONDS = 20
"""From this number on, a pace without a unit is more likely in milliseconds."""


def find_advice(source: Source) -> Iterator[ScenarioProblem]:
    """Advice about the data of a valid file."""
    for index, exchange in enumerate(source.data.get("exchanges") or ()):
        replies: list[tuple[Path, Any]] = [(("reply",), exchange.get("reply"))]
        replies += [
            (("replies", number), reply)
            for number, reply in enumerate(exchange.get("replies") or ())
        ]
        for path, reply in replies:
            stream = reply.get("stream") if isinstance(reply, dict) else None
            if isinstance(stream, dict):
                yield from _check_pace(source, stream, ("exchanges", index, *path, "stream"))


def _check_pace(source: Source, stream: dict[str, Any], path: Path) -> Iterator[ScenarioProblem]:
    for name in ("first", "every"):
        value = stream.get(name)
        if isinstance(value, (int, float)) and value >= _MILLISECONDS:
            message = f"{name}: {value:g} is {value:g} seconds"
            yield source.problem((*path, name), message, f"write {value:g}ms, or {value:g}s")


def shadowing_advice(loaded: LoadedScenario) -> Iterator[ScenarioProblem]:
    """A warning for each exchange that an earlier one leaves no call to."""
    for exchange, other in shadowed(ExchangeIndex(loaded.exchanges).in_order):
        file, _, line = exchange.location.rpartition(":")
        yield ScenarioProblem(
            file or loaded.file,
            int(line) if file else 0,
            1 if file else 0,
            f"exchanges[{loaded.exchanges.index(exchange)}]",
            f"never answers: {other.name} before it answers all of its calls",
            "move it up, or give it priority: 1",
        )
