"""fal-ai/any-llm through time: which models and fields each period of its schema knew."""

from __future__ import annotations

from dataclasses import dataclass

_FIRST = (
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
_DEEPSEEK = ("deepseek/deepseek-r1",)
_SUMMER = (
    "anthropic/claude-3.7-sonnet",
    "google/gemini-2.0-flash-001",
    "meta-llama/llama-4-maverick",
    "meta-llama/llama-4-scout",
)
_AUGUST = (
    "openai/gpt-oss-120b",
    "openai/o3",
    "openai/gpt-5-chat",
    "openai/gpt-5-mini",
    "openai/gpt-5-nano",
    "openai/gpt-4.1",
)
_LAST = ("google/gemini-2.5-flash", "google/gemini-2.5-flash-lite", "google/gemini-2.5-pro")

_VISION_FIRST = (
    "anthropic/claude-3.5-sonnet",
    "anthropic/claude-3-haiku",
    "google/gemini-pro-1.5",
    "google/gemini-flash-1.5",
    "google/gemini-flash-1.5-8b",
    "openai/gpt-4o",
)
_VISION_LLAMA = ("meta-llama/llama-3.2-90b-vision-instruct",)

_FLASH = "google/gemini-flash-1.5"
_FLASH_LITE = "google/gemini-2.5-flash-lite"

_TEXT = frozenset({"model", "prompt", "system_prompt"})
_REASONING = _TEXT | {"reasoning"}
_PRIORITY = _REASONING | {"priority"}
_ALL = _PRIORITY | {"temperature", "max_tokens"}


@dataclass(frozen=True, slots=True)
class Period:
    """The schema of one period. ``fields`` are those of every variant; ``images`` are the field
    (or fields) by which the vision variant takes its pictures, ``image_required`` whether it must
    have the first of them."""

    name: str
    models: tuple[str, ...]
    vision_models: tuple[str, ...]
    enterprise_models: tuple[str, ...]
    default_model: str
    fields: frozenset[str]
    images: tuple[str, ...] = ("image_url",)
    image_required: bool = True


def _without_deepseek(models: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in models if name not in _DEEPSEEK)


_A13 = _FIRST + _DEEPSEEK
_B17 = _A13 + _SUMMER
_C23 = _B17 + _AUGUST
_FINAL = _C23 + _LAST
_VISION_7 = _VISION_FIRST + _VISION_LLAMA
_VISION_11 = _VISION_7 + _SUMMER
_VISION_16 = _VISION_11 + _LAST + ("openai/gpt-4.1", "openai/gpt-5-chat")

DEFAULT_PERIOD = "any"
"""Every known model and field of any period, with the defaults of 2025-03."""

PERIODS: dict[str, Period] = {
    period.name: period
    for period in (
        Period("2024-11", _FIRST, _VISION_FIRST, (), _FLASH, _TEXT),
        Period("2025-01", _A13, _VISION_7, (), _FLASH, _TEXT),
        Period("2025-03", _A13, _VISION_7, (), _FLASH, _REASONING),
        Period("2025-07", _B17, _VISION_11, (), _FLASH, _REASONING),
        Period("2025-08", _C23, _VISION_11, _without_deepseek(_C23), _FLASH, _PRIORITY),
        Period(
            "2025-10",
            _FINAL,
            _VISION_16,
            _without_deepseek(_FINAL),
            _FLASH_LITE,
            _ALL,
            ("image_urls",),
            False,
        ),
        Period(
            DEFAULT_PERIOD,
            _FINAL,
            _VISION_16,
            _without_deepseek(_FINAL),
            _FLASH,
            _ALL,
            ("image_url", "image_urls"),
            False,
        ),
    )
}
"""The periods by the month they begin. Source: client (history of fal-js endpoints.ts), documented
(per-model pages); protocol.md sections 6.1 and 6.3."""

PREMIUM = frozenset(
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
"""Models billed tenfold. That there are such is documented; which they are is inferred from their
makers' prices (protocol.md section 6.1)."""
