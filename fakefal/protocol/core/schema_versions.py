"""The versions of the fal-ai/any-llm schema: models and input fields by month."""

from __future__ import annotations

from dataclasses import dataclass

_MODELS_2024_11 = (
    "anthropic/claude-3.5-sonnet",
    "anthropic/claude-3-5-haiku",
    "anthropic/claude-3-haiku",
    "google/gemini-pro-1.5",
    "google/gemini-flash-1.5",
    "google/gemini-flash-1.5-8b",
    "meta-llama/llama-3.2-1b-instruct",
    "meta-llama/llama-3.2-3b-instruct",
    "meta-llama/llama-3.1-8b-instruct",
    "meta-llama/llama-3.1-70b-instruct",
    "openai/gpt-4o-mini",
    "openai/gpt-4o",
)
_DEEPSEEK_MODELS = ("deepseek/deepseek-r1",)
_ADDED_2025_07 = (
    "anthropic/claude-3.7-sonnet",
    "google/gemini-2.0-flash-001",
    "meta-llama/llama-4-maverick",
    "meta-llama/llama-4-scout",
)
_ADDED_2025_08 = (
    "openai/gpt-oss-120b",
    "openai/o3",
    "openai/gpt-5-chat",
    "openai/gpt-5-mini",
    "openai/gpt-5-nano",
    "openai/gpt-4.1",
)
_ADDED_2025_10 = (
    "google/gemini-2.5-flash",
    "google/gemini-2.5-flash-lite",
    "google/gemini-2.5-pro",
)

_VISION_2024_11 = (
    "anthropic/claude-3.5-sonnet",
    "anthropic/claude-3-haiku",
    "google/gemini-pro-1.5",
    "google/gemini-flash-1.5",
    "google/gemini-flash-1.5-8b",
    "openai/gpt-4o",
)
_ADDED_VISION_2025_01 = ("meta-llama/llama-3.2-90b-vision-instruct",)

_FLASH = "google/gemini-flash-1.5"
_FLASH_LITE = "google/gemini-2.5-flash-lite"

_TEXT_FIELDS = frozenset({"model", "prompt", "system_prompt"})
_REASONING_FIELDS = _TEXT_FIELDS | {"reasoning"}
_PRIORITY_FIELDS = _REASONING_FIELDS | {"priority"}
_ALL_FIELDS = _PRIORITY_FIELDS | {"temperature", "max_tokens"}


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """Models and fields of one version.

    ``fields`` are common to all any-llm endpoints. ``image_fields`` are those of the vision
    endpoint; with ``is_image_required`` it requires them.
    """

    name: str
    models: tuple[str, ...]
    vision_models: tuple[str, ...]
    enterprise_models: tuple[str, ...]
    default_model: str
    fields: frozenset[str]
    image_fields: tuple[str, ...] = ("image_url",)
    is_image_required: bool = True


def _without_deepseek(models: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in models if name not in _DEEPSEEK_MODELS)


_MODELS_2025_01 = _MODELS_2024_11 + _DEEPSEEK_MODELS
_MODELS_2025_07 = _MODELS_2025_01 + _ADDED_2025_07
_MODELS_2025_08 = _MODELS_2025_07 + _ADDED_2025_08
_MODELS_2025_10 = _MODELS_2025_08 + _ADDED_2025_10
_VISION_2025_01 = _VISION_2024_11 + _ADDED_VISION_2025_01
_VISION_2025_07 = _VISION_2025_01 + _ADDED_2025_07
_VISION_2025_10 = _VISION_2025_07 + _ADDED_2025_10 + ("openai/gpt-4.1", "openai/gpt-5-chat")

DEFAULT_SCHEMA_VERSION = "any"
"""A version with every model and field of all others, and the default model of 2025-03."""

SCHEMA_VERSIONS: dict[str, SchemaVersion] = {
    period.name: period
    for period in (
        SchemaVersion("2024-11", _MODELS_2024_11, _VISION_2024_11, (), _FLASH, _TEXT_FIELDS),
        SchemaVersion("2025-01", _MODELS_2025_01, _VISION_2025_01, (), _FLASH, _TEXT_FIELDS),
        SchemaVersion("2025-03", _MODELS_2025_01, _VISION_2025_01, (), _FLASH, _REASONING_FIELDS),
        SchemaVersion("2025-07", _MODELS_2025_07, _VISION_2025_07, (), _FLASH, _REASONING_FIELDS),
        SchemaVersion(
            "2025-08",
            _MODELS_2025_08,
            _VISION_2025_07,
            _without_deepseek(_MODELS_2025_08),
            _FLASH,
            _PRIORITY_FIELDS,
        ),
        SchemaVersion(
            "2025-10",
            _MODELS_2025_10,
            _VISION_2025_10,
            _without_deepseek(_MODELS_2025_10),
            _FLASH_LITE,
            _ALL_FIELDS,
            ("image_urls",),
            False,
        ),
        SchemaVersion(
            DEFAULT_SCHEMA_VERSION,
            _MODELS_2025_10,
            _VISION_2025_10,
            _without_deepseek(_MODELS_2025_10),
            _FLASH,
            _ALL_FIELDS,
            ("image_url", "image_urls"),
            False,
        ),
    )
}
"""Schema versions by the month in which they began.

Source: client, documented (docs/reference/llm.md#any-llm-input,
docs/reference/llm.md#any-llm-variants).
"""

PREMIUM_MODELS = frozenset(
    {
        "anthropic/claude-3.5-sonnet",
        "anthropic/claude-3.7-sonnet",
        "google/gemini-pro-1.5",
        "google/gemini-2.5-pro",
        "openai/gpt-4o",
        "openai/gpt-4.1",
        "openai/gpt-5-chat",
        "openai/o3",
        "deepseek/deepseek-r1",
        "meta-llama/llama-3.2-90b-vision-instruct",
    }
)
"""Models billed tenfold.

Source: documented that there are some, inferred which (docs/reference/llm.md#any-llm-price).
"""
