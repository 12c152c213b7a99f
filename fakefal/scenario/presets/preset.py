"""A preset: a named situation, as fields of a reply or of a scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fakefal.protocol.errors.errors import Grade

PresetGrade = Grade | Literal["unreal"]
"""How certain the wire form is; ``unreal`` is something that fal does not do today."""

Part = Literal["reply", "scenario"]


@dataclass(frozen=True, slots=True)
class Preset:
    """``part`` is where it may be named: in a reply, or at the top of a scenario.

    ``data`` are the fields that it sets there; ``source`` is a document of this project.
    """

    name: str
    part: Part
    description: str
    data: dict[str, Any]
    grade: PresetGrade
    source: str


def reply_preset(
    name: str, description: str, grade: PresetGrade, source: str, **data: Any
) -> Preset:
    """A preset for ``preset`` of a reply."""
    return Preset(name, "reply", description, data, grade, source)


def scenario_preset(
    name: str, description: str, grade: PresetGrade, source: str, **data: Any
) -> Preset:
    """A preset for ``preset`` at the top of a scenario."""
    return Preset(name, "scenario", description, data, grade, source)


def faults_preset(
    name: str, description: str, grade: PresetGrade, source: str, **faults: list[Any]
) -> Preset:
    """A preset of a reply that only sets faults, by operation."""
    return reply_preset(name, description, grade, source, faults=faults)


def situation(anchor: str) -> str:
    """The source of a preset: its entry in the list of situations."""
    return f"docs/reference/situations.md#{anchor}"
