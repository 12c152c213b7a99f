"""The switches for what fal's protocol leaves open."""

from __future__ import annotations

import dataclasses

import pytest

from fakefal.protocol.options import Switches
from fakefal.protocol.periods import DEFAULT_PERIOD


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("subpath", "accept"),
        ("response_suffix", False),
        ("reads_after_cancel", "completed"),
        ("error_in_status", True),
        ("cancel_answer", "status"),
        ("keys", "any"),
        ("profile", DEFAULT_PERIOD),
        ("validate", True),
        ("webhook_retries", 31),
        ("webhook_timestamps", "auto"),
    ],
)
def test_a_switch_stands_as_section_16_takes_it(name: str, default: object) -> None:
    assert getattr(Switches(), name) == default


def test_switches_do_not_change_in_use() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Switches().keys = "strict"  # type: ignore[misc]  # that it cannot be set is the point
