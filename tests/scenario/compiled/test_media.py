"""Media of compiled replies."""

from __future__ import annotations

import pytest

from fakefal.scenario.compiled.media import GENERATED_KINDS, CompiledMedia, is_text
from fakefal.scenario.media.kinds import Kind


@pytest.mark.parametrize(("kind", "expected"), [("text", True), ("chunks", True), ("image", False)])
def test_some_kinds_are_text(kind: Kind, expected: bool) -> None:
    assert is_text(CompiledMedia(kind)) is expected


def test_media_without_a_kind_is_not_text() -> None:
    assert not is_text(CompiledMedia())


def test_generated_media_has_only_a_kind() -> None:
    assert all(media == CompiledMedia(kind) for kind, media in GENERATED_KINDS.items())
