from __future__ import annotations

from typing import Any

from fakefal.engine.calls.own_checks import refusal_text, tolerated_model
from fakefal.protocol.core.compat_flags import CompatFlags, with_flags

MODEL: dict[str, Any] = {"type": "one_of", "loc": ["body", "model"], "input": "new/model"}
PROMPT: dict[str, Any] = {"type": "missing", "loc": ["body", "prompt"]}
DEFAULT = CompatFlags()
STRICT = with_flags(DEFAULT, {"models": "strict"})
DATED = with_flags(DEFAULT, {"profile": "2025-07"})


def test_an_unknown_model_is_let_through_alone_and_without_a_dated_profile() -> None:
    assert tolerated_model([MODEL], DEFAULT) == "new/model"
    assert tolerated_model([MODEL], STRICT) == ""
    assert tolerated_model([MODEL], DATED) == ""
    assert tolerated_model([MODEL, PROMPT], DEFAULT) == ""
    assert tolerated_model([PROMPT], DEFAULT) == ""


def test_a_refusal_names_fakefal_the_profile_and_the_switch() -> None:
    head = "fakefal's own check of LLM inputs refused"
    assert refusal_text([PROMPT], DEFAULT) == (
        f"{head} prompt (profile any); options: {{validate: false}} switches the check off"
    )
    assert refusal_text([MODEL], DEFAULT) == (
        f"{head} model (profile any); a model name that fal is not known to have needs an exchange "
        "that matches"
    )
    assert refusal_text([MODEL], STRICT).endswith(
        "options: {models: lenient} accepts other names if an exchange matches"
    )
    assert refusal_text([MODEL], DATED).endswith(
        "leave out profile: 2025-07, or options: {validate: false}"
    )
    assert refusal_text([PROMPT], DEFAULT).isascii()
