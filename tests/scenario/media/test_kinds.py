"""The values of ``kind`` and ``media``."""

from __future__ import annotations

from typing import get_args

from fakefal.scenario.media.kinds import FILE_KINDS, TEXT_KINDS, Kind
from fakefal.scenario.media.output_kinds import generate_output
from tests.building import make_call


def test_every_kind_holds_text_or_files_and_can_be_generated() -> None:
    assert {*TEXT_KINDS, *FILE_KINDS} == set(get_args(Kind))
    assert all(generate_output(kind, make_call(), 0, (), "") for kind in get_args(Kind))
