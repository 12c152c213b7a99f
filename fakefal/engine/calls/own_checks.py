"""What fakefal itself refuses: the texts, and the model names that it lets through.

fal's words on the wire stay; the header ``x-fakefal-hint`` and the journal say who refused.
"""

from __future__ import annotations

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.protocol.core.schema_versions import DEFAULT_SCHEMA_VERSION


def is_model_error(error: Json) -> bool:
    """Whether a validation error is about a model name that the schema version does not know."""
    return error.get("type") == "one_of" and list(error.get("loc", ())) == ["body", "model"]


def tolerated_model(validation_errors: list[Json], flags: CompatFlags) -> str:
    """The unknown model name if it is the only error, and flags let it through; else empty."""
    is_strict = flags.models == "strict" or flags.schema_version != DEFAULT_SCHEMA_VERSION
    if is_strict or len(validation_errors) != 1 or not is_model_error(validation_errors[0]):
        return ""
    return str(validation_errors[0].get("input", ""))


def refusal_text(validation_errors: list[Json], flags: CompatFlags) -> str:
    """Who refused an input, by which profile, and the switch: ASCII, for a header."""
    switch = "options: {validate: false} switches the check off"
    if all(map(is_model_error, validation_errors)):
        dated = flags.schema_version != DEFAULT_SCHEMA_VERSION
        if dated:
            switch = f"leave out profile: {flags.profile}, or options: {{validate: false}}"
        elif flags.models == "strict":
            switch = "options: {models: lenient} accepts other names if an exchange matches"
        else:
            switch = "a model name that fal is not known to have needs an exchange that matches"
    fields = ", ".join(
        ".".join(map(str, list(error.get("loc", ()))[1:])) or "body" for error in validation_errors
    )
    return f"fakefal's own check of LLM inputs refused {fields} (profile {flags.profile}); {switch}"
