"""Validation of ``options``."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.core.compat_flags import FLAG_NAMES, PROFILES, CompatFlags, with_flags
from fakefal.scenario.model.options import Options, flag_values
from tests.scenario.error_types import error_types

VALUES: dict[str, list[Any]] = {
    "subpath": ["accept", "refuse-405"],
    "response_suffix": [True, False],
    "reads_after_cancel": ["completed", "not-found"],
    "error_in_status": [True, False],
    "cancel_answer": ["status", "success"],
    "key_wording": ["by-call", "no-user", "invalid"],
    "keys": ["any", "strict", ["a:b"], []],
    "logs": ["cumulative", "window"],
    "log_entries": ["recorded", "documented"],
    "default_timeline": ["steps", "none"],
    "result_headers": ["2026-08", "2026-02", "none"],
    "stream_sse": ["by-model", "named-crlf", "plain-crlf", "plain"],
    "status_sse": ["by-model", "named-crlf", "plain-crlf", "plain"],
    "repeat_complete": [True, False],
    "long_prompts": ["accept", "refuse"],
    "unknown_fields": ["ignore", "warn", "refuse"],
    "realtime_text": ["ignore", "error"],
    "openai_errors": ["openai", "detail"],
    "models": ["lenient", "strict"],
    "profile": [*PROFILES],
    "validate": [True, False],
    "webhook_retries": [31, 10],
    "webhook_timestamps": ["auto", "clock", "real"],
    "token_times": ["auto", "clock", "real"],
}
"""Every compatibility flag and its values (docs/reference/open-questions.md)."""


def test_a_boolean_option_is_not_a_text() -> None:
    assert len(error_types(Options, {"validate": "yes"})) == 1


def test_the_alias_of_validate_is_used_in_files() -> None:
    options = Options.model_validate({"validate": False})
    assert options.model_dump(by_alias=True, exclude_unset=True) == {"validate": False}


def test_an_unknown_profile_is_rejected() -> None:
    assert error_types(Options, {"profile": "2031-01"}) == ["profile"]


def test_every_flag_is_an_option() -> None:
    assert {*VALUES, "billing_delay"} == {*FLAG_NAMES}
    written = {field.alias or name for name, field in Options.model_fields.items()}
    assert written == {*FLAG_NAMES, "unmatched"}


def test_the_delay_of_billing_events_is_a_duration() -> None:
    assert with_flags(CompatFlags(), flag_values({"billing_delay": "1m"})).billing_delay == 60
    assert error_types(Options, {"billing_delay": "soon"}) == ["duration"]


@pytest.mark.parametrize("name", sorted(VALUES))
def test_an_option_sets_its_flag(name: str) -> None:
    expected = [tuple(value) if isinstance(value, list) else value for value in VALUES[name]]
    flags = [with_flags(CompatFlags(), flag_values({name: value})) for value in VALUES[name]]
    assert [getattr(it, name) for it in flags] == expected


@pytest.mark.parametrize("name", sorted(VALUES))
def test_other_values_of_an_option_are_rejected(name: str) -> None:
    others: list[Any] = ["nope", 5, {}, [5]]
    assert all(error_types(Options, {name: value}) for value in others)


def test_options_that_are_not_set_have_no_value() -> None:
    assert flag_values({"logs": None, "subpath": "accept"}) == {"subpath": "accept"}
