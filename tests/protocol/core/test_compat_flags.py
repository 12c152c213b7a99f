"""The switches for what fal's protocol leaves open."""

from __future__ import annotations

import dataclasses

import pytest

from fakefal.protocol.core.compat_flags import (
    FLAG_NAMES,
    MAX_PROMPT_CHARACTERS,
    PROFILES,
    CompatFlags,
    with_flags,
)
from fakefal.protocol.core.schema_versions import DEFAULT_SCHEMA_VERSION, SCHEMA_VERSIONS


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("subpath", "accept"),
        ("response_suffix", False),
        ("reads_after_cancel", "completed"),
        ("error_in_status", True),
        ("cancel_answer", "status"),
        ("key_wording", "by-call"),
        ("logs", "cumulative"),
        ("stream_sse", "by-model"),
        ("status_sse", "plain"),
        ("repeat_complete", True),
        ("long_prompts", "accept"),
        ("unknown_fields", "ignore"),
        ("realtime_text", "ignore"),
        ("keys", "any"),
        ("profile", DEFAULT_SCHEMA_VERSION),
        ("validate", True),
        ("webhook_retries", 31),
        ("webhook_timestamps", "auto"),
    ],
)
def test_a_switch_stands_as_section_16_takes_it(name: str, default: object) -> None:
    assert getattr(CompatFlags(), name) == default


def test_switches_do_not_change_in_use() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        CompatFlags().keys = "strict"  # type: ignore[misc]  # that it cannot be set is the point


@pytest.mark.parametrize(
    ("profile", "period", "key_wording", "long_prompts"),
    [
        (DEFAULT_SCHEMA_VERSION, DEFAULT_SCHEMA_VERSION, "by-call", "accept"),
        ("2024-11", "2024-11", "no-user", "refuse"),
        ("2025-03", "2025-03", "no-user", "refuse"),
        ("2025-08", "2025-08", "no-user", "accept"),
        ("2025-10", "2025-10", "no-user", "accept"),
        ("2026-04", "2025-10", "invalid", "accept"),
        ("2026-09", "2025-10", "by-call", "accept"),
    ],
)
def test_a_profile_sets_the_ways_of_its_time(
    profile: str, period: str, key_wording: str, long_prompts: str
) -> None:
    switches = with_flags(CompatFlags(), {"profile": profile})
    assert switches.profile == profile
    told = (switches.schema_version, switches.key_wording, switches.long_prompts)
    assert told == (period, key_wording, long_prompts)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_has_a_schema(profile: str) -> None:
    assert with_flags(CompatFlags(), {"profile": profile}).schema_version in SCHEMA_VERSIONS


def test_every_period_is_a_profile() -> None:
    assert set(SCHEMA_VERSIONS) <= set(PROFILES)


def test_what_is_named_goes_before_the_profile() -> None:
    switches = with_flags(CompatFlags(), {"profile": "2024-11", "long_prompts": "accept"})
    assert (switches.long_prompts, switches.key_wording) == ("accept", "no-user")


def test_without_a_profile_nothing_else_changes() -> None:
    before = with_flags(CompatFlags(), {"profile": "2025-03"})
    assert with_flags(before, {"logs": "window"}) == dataclasses.replace(before, logs="window")


def test_the_period_is_no_switch_of_its_own() -> None:
    assert "period" not in FLAG_NAMES
    assert MAX_PROMPT_CHARACTERS == 5000
