"""Options as they are written."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.core.compat_flags import FLAG_NAMES, PROFILES, CompatFlags, with_flags
from fakefal.scenario.model.options import Options, flag_values
from tests.scenario.kinds import error_types

VALUES: dict[str, list[Any]] = {
    "subpath": ["accept", "refuse-405"],
    "response_suffix": [True, False],
    "reads_after_cancel": ["completed", "not-found"],
    "error_in_status": [True, False],
    "cancel_answer": ["status", "success"],
    "key_wording": ["by-call", "no-user", "invalid"],
    "keys": ["any", "strict", ["a:b"], []],
    "logs": ["cumulative", "window"],
    "stream_sse": ["by-model", "named-crlf", "plain-crlf", "plain"],
    "status_sse": ["by-model", "named-crlf", "plain-crlf", "plain"],
    "repeat_complete": [True, False],
    "long_prompts": ["accept", "refuse"],
    "unknown_fields": ["ignore", "warn", "refuse"],
    "realtime_text": ["ignore", "error"],
    "openai_errors": ["openai", "detail"],
    "profile": [*PROFILES],
    "validate": [True, False],
    "webhook_retries": [31, 10],
    "webhook_timestamps": ["auto", "clock", "real"],
}
"""Every switch of protocol.md section 16, and all that it may be."""


def test_a_switch_is_no_text() -> None:
    assert len(error_types(Options, {"validate": "yes"})) == 1


def test_validate_is_validate_in_files() -> None:
    options = Options.model_validate({"validate": False})
    assert options.model_dump(by_alias=True, exclude_unset=True) == {"validate": False}


def test_a_profile_is_a_known_one() -> None:
    assert error_types(Options, {"profile": "2031-01"}) == ["profile"]


def test_every_switch_is_an_option() -> None:
    assert {*VALUES} == {*FLAG_NAMES}
    written = {field.alias or name for name, field in Options.model_fields.items()}
    assert written == {*FLAG_NAMES, "unmatched"}


@pytest.mark.parametrize(
    ("name", "value"), [(n, v) for n, values in VALUES.items() for v in values]
)
def test_an_option_sets_its_switch(name: str, value: Any) -> None:
    switches = with_flags(CompatFlags(), flag_values({name: value}))
    assert getattr(switches, name) == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize("name", sorted(VALUES))
@pytest.mark.parametrize("value", ["nope", 5, {}, [5]])
def test_an_option_is_nothing_else(name: str, value: Any) -> None:
    assert error_types(Options, {name: value})


def test_what_is_not_set_is_not_told() -> None:
    assert flag_values({"logs": None, "subpath": "accept"}) == {"subpath": "accept"}
