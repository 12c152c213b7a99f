"""The any-llm schema versions against docs/reference/llm.md#any-llm-input."""

from __future__ import annotations

import pytest

from fakefal.protocol.core.schema_versions import (
    DEFAULT_SCHEMA_VERSION,
    PREMIUM_MODELS,
    SCHEMA_VERSIONS,
)

TEXT = {"model", "prompt", "system_prompt"}


@pytest.mark.parametrize(
    ("version", "models", "vision", "enterprise"),
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
def test_the_number_of_models_of_each_version(
    version: str, models: int, vision: int, enterprise: int
) -> None:
    schema = SCHEMA_VERSIONS[version]
    counts = (len(schema.models), len(schema.vision_models), len(schema.enterprise_models))
    assert counts == (models, vision, enterprise)


@pytest.mark.parametrize(
    ("version", "added"),
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
def test_fields_were_added_over_time(version: str, added: set[str]) -> None:
    assert SCHEMA_VERSIONS[version].fields == TEXT | added


@pytest.mark.parametrize("version", SCHEMA_VERSIONS)
def test_no_model_stands_twice_and_the_default_is_known(version: str) -> None:
    schema = SCHEMA_VERSIONS[version]
    for models in (schema.models, schema.vision_models, schema.enterprise_models):
        assert len(models) == len(set(models))
    assert schema.default_model in schema.models
    assert schema.default_model in schema.vision_models


def test_the_default_model_changed_in_october_2025_only() -> None:
    defaults = {name: version.default_model for name, version in SCHEMA_VERSIONS.items()}
    assert defaults.pop("2025-10") == "google/gemini-2.5-flash-lite"
    assert set(defaults.values()) == {"google/gemini-flash-1.5"}


def test_deepseek_came_in_january_2025_and_never_to_enterprise() -> None:
    deepseek = "deepseek/deepseek-r1"
    assert deepseek not in SCHEMA_VERSIONS["2024-11"].models
    assert all(
        deepseek in SCHEMA_VERSIONS[name].models for name in SCHEMA_VERSIONS if name != "2024-11"
    )
    assert not any(deepseek in version.enterprise_models for version in SCHEMA_VERSIONS.values())


def test_images_became_a_list_in_october_2025() -> None:
    assert SCHEMA_VERSIONS["2025-08"].image_fields == ("image_url",)
    assert SCHEMA_VERSIONS["2025-08"].is_image_required
    assert SCHEMA_VERSIONS["2025-10"].image_fields == ("image_urls",)
    assert not SCHEMA_VERSIONS["2025-10"].is_image_required


def test_the_default_version_has_all_of_every_other() -> None:
    everything = SCHEMA_VERSIONS[DEFAULT_SCHEMA_VERSION]
    for version in SCHEMA_VERSIONS.values():
        assert set(version.models) <= set(everything.models)
        assert set(version.vision_models) <= set(everything.vision_models)
        assert version.fields <= everything.fields
        assert set(version.image_fields) <= set(everything.image_fields)


def test_premium_models_are_known_models() -> None:
    everything = SCHEMA_VERSIONS[DEFAULT_SCHEMA_VERSION]
    assert {*everything.models, *everything.vision_models} >= PREMIUM_MODELS
