"""The compatibility flags against docs/reference/open-questions.md."""

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


def test_the_defaults_are_those_of_the_reference() -> None:
    assert dataclasses.asdict(CompatFlags()) == {
        "subpath": "refuse-405",
        "response_suffix": False,
        "billing_delay": 0.0,
        "reads_after_cancel": "completed",
        "error_in_status": False,
        "cancel_answer": "status",
        "key_wording": "by-call",
        "logs": "cumulative",
        "log_entries": "recorded",
        "result_headers": "2026-08",
        "stream_sse": "by-model",
        "status_sse": "plain",
        "repeat_complete": True,
        "long_prompts": "accept",
        "unknown_fields": "ignore",
        "realtime_text": "ignore",
        "keys": "any",
        "openai_errors": "openai",
        "schema_version": DEFAULT_SCHEMA_VERSION,
        "profile": DEFAULT_SCHEMA_VERSION,
        "models": "lenient",
        "validate": True,
        "webhook_retries": 31,
        "webhook_timestamps": "auto",
        "token_times": "auto",
        "default_timeline": "steps",
    }


def test_flags_are_immutable() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        CompatFlags().keys = "strict"  # type: ignore[misc]  # that it cannot be set is the point


@pytest.mark.parametrize(
    ("profile", "schema_version", "key_wording", "long_prompts"),
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
def test_a_profile_sets_the_flags_of_its_time(
    profile: str, schema_version: str, key_wording: str, long_prompts: str
) -> None:
    flags = with_flags(CompatFlags(), {"profile": profile})
    assert flags.profile == profile
    values = (flags.schema_version, flags.key_wording, flags.long_prompts)
    assert values == (schema_version, key_wording, long_prompts)


def test_every_profile_has_a_schema() -> None:
    flags = [with_flags(CompatFlags(), {"profile": profile}) for profile in PROFILES]
    assert {flag.schema_version for flag in flags} <= set(SCHEMA_VERSIONS)


def test_every_schema_version_is_a_profile() -> None:
    assert set(SCHEMA_VERSIONS) <= set(PROFILES)


def test_a_flag_overrides_the_profile() -> None:
    flags = with_flags(CompatFlags(), {"profile": "2024-11", "long_prompts": "accept"})
    assert (flags.long_prompts, flags.key_wording) == ("accept", "no-user")


def test_without_a_profile_nothing_else_changes() -> None:
    before = with_flags(CompatFlags(), {"profile": "2025-03"})
    assert with_flags(before, {"logs": "window"}) == dataclasses.replace(before, logs="window")


def test_the_schema_version_is_not_a_flag() -> None:
    assert "schema_version" not in FLAG_NAMES
    assert MAX_PROMPT_CHARACTERS == 5000
