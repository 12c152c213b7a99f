"""The files of a compiled reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from fakefal.scenario.media.assets import Asset
from fakefal.scenario.media.kinds import TEXT_KINDS, Kind, MediaDefect


@dataclass(frozen=True, slots=True)
class CompiledMedia:
    """The output's kind, the files it names, and what is wrong with them when they are read.

    ``expires_seconds`` None means the lifetime that the caller asks for. ``is_shared``: a file that
    occurs several times in an output has the same URL everywhere. ``nsfw_concepts`` are flags of
    the first images.
    """

    kind: Kind | None = None
    files: tuple[Asset, ...] = ()
    assets: Mapping[str, Asset] = field(default_factory=dict)
    defect: MediaDefect | None = None
    expires_seconds: float | None = None
    is_shared: bool = False
    nsfw_concepts: tuple[bool, ...] = ()


GENERATED_KINDS: dict[Kind, CompiledMedia] = {kind: CompiledMedia(kind) for kind in get_args(Kind)}
"""For an endpoint of which nothing is known but the kind of its output."""


def is_text(media: CompiledMedia) -> bool:
    """Whether the output is text, which LLM endpoints send in their own form."""
    return media.kind in TEXT_KINDS
