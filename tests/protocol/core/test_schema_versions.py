"""The periods of any-llm's schema against protocol.md sections 6.1 and 6.3."""

from __future__ import annotations

import pytest

from fakefal.protocol.core.schema_versions import DEFAULT_PERIOD, PERIODS, PREMIUM

TEXT = {"model", "prompt", "system_prompt"}


@pytest.mark.parametrize(
    ("period", "models", "vision", "enterprise"),
    [
        ("2024-11", 12, 6, 0),
        ("2025-01", 13, 7, 0),
        ("2025-03", 13, 7, 0),
        ("2025-07", 17, 11, 0),
        ("2025-08", 23, 11, 22),
        ("2025-10", 26, 16, 25),
        ("any", 26, 16, 25),
    ],
)
def test_a_period_knows_so_many_models(
    period: str, models: int, vision: int, enterprise: int
) -> None:
    found = PERIODS[period]
    counts = (len(found.models), len(found.vision_models), len(found.enterprise_models))
    assert counts == (models, vision, enterprise)


@pytest.mark.parametrize(
    ("period", "more"),
    [
        ("2024-11", set()),
        ("2025-01", set()),
        ("2025-03", {"reasoning"}),
        ("2025-07", {"reasoning"}),
        ("2025-08", {"reasoning", "priority"}),
        ("2025-10", {"reasoning", "priority", "temperature", "max_tokens"}),
        ("any", {"reasoning", "priority", "temperature", "max_tokens"}),
    ],
)
def test_fields_were_added_over_time(period: str, more: set[str]) -> None:
    assert PERIODS[period].fields == TEXT | more


@pytest.mark.parametrize("period", PERIODS)
def test_no_model_stands_twice_and_the_default_is_known(period: str) -> None:
    found = PERIODS[period]
    for models in (found.models, found.vision_models, found.enterprise_models):
        assert len(models) == len(set(models))
    assert found.default_model in found.models
    assert found.default_model in found.vision_models


def test_the_default_model_changed_in_october_2025_only() -> None:
    defaults = {name: period.default_model for name, period in PERIODS.items()}
    assert defaults.pop("2025-10") == "google/gemini-2.5-flash-lite"
    assert set(defaults.values()) == {"google/gemini-flash-1.5"}


def test_deepseek_came_in_january_2025_and_never_to_enterprise() -> None:
    deepseek = "deepseek/deepseek-r1"
    assert deepseek not in PERIODS["2024-11"].models
    assert all(deepseek in PERIODS[name].models for name in PERIODS if name != "2024-11")
    assert not any(deepseek in period.enterprise_models for period in PERIODS.values())


def test_pictures_became_a_list_in_october_2025() -> None:
    assert PERIODS["2025-08"].images == ("image_url",)
    assert PERIODS["2025-08"].image_required
    assert PERIODS["2025-10"].images == ("image_urls",)
    assert not PERIODS["2025-10"].image_required


def test_the_default_period_knows_what_every_other_knows() -> None:
    everything = PERIODS[DEFAULT_PERIOD]
    for period in PERIODS.values():
        assert set(period.models) <= set(everything.models)
        assert set(period.vision_models) <= set(everything.vision_models)
        assert period.fields <= everything.fields
        assert set(period.images) <= set(everything.images)


def test_premium_models_are_known_models() -> None:
    everything = PERIODS[DEFAULT_PERIOD]
    assert {*everything.models, *everything.vision_models} >= PREMIUM
