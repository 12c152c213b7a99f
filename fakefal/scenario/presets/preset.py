"""Ready-made troubles: each situation with a fixed form on the wire, under a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fakefal.protocol.errors.errors import Grade

PresetGrade = Grade | Literal["unreal"]
"""How sure the form is; ``unreal`` is nothing that fal does today."""

Part = Literal["reply", "scenario"]


@dataclass(frozen=True, slots=True)
class Preset:
    """A trouble under a name.

    ``part`` says where ``preset:`` may name it: in a reply, or at the top of a scenario. ``data``
    is what it stands for there.
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
    """A preset that a reply names; ``data`` are fields of a reply."""
    return Preset(name, "reply", description, data, grade, source)


def scenario_preset(
    name: str, description: str, grade: PresetGrade, source: str, **data: Any
) -> Preset:
    """A preset that a scenario names; ``data`` are fields of a scenario."""
    return Preset(name, "scenario", description, data, grade, source)


def faults_preset(
    name: str, description: str, grade: PresetGrade, source: str, **faults: list[Any]
) -> Preset:
    """A preset that is faults of a reply, by operation."""
    return reply_preset(name, description, grade, source, faults=faults)
