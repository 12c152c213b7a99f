"""What the description of an endpoint means for a call: its input's errors, and its output."""

from __future__ import annotations

from fakefal.errors import FakefalError
from fakefal.protocol.core.call import Call, Json, Outcome
from fakefal.protocol.errors.errors import ApiError
from fakefal.scenario.compiled.media import CompiledMedia
from fakefal.scenario.compiled.reply import CompiledReply, RenderedOutcome
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.schemas.library import EndpointSchema

_MAX_NAMED = 5
"""The most fields that a hint names: proxies and clients bound headers."""


def check_input(
    schema: EndpointSchema, call: Call, settings: EffectiveSettings
) -> tuple[list[Json], str]:
    """The errors of the call's input, and a note: who refused it, or which keys its model drops.

    If the app says so, matchers see the input as the model does: with its defaults. Raises a 500
    for a description that cannot be used.
    """
    try:
        model = schema.input_model
    except FakefalError as error:
        raise unusable(error) from None
    if model is None:
        return [], ""
    checked = model.check(call.input)
    if checked.errors:
        return checked.errors, _refusal(checked.errors)
    environment = settings.environment
    if environment is not None and environment.app_of(call.endpoint).fills_defaults:
        call.normalized_input = checked.filled
    unknown = checked.unknown
    if not unknown:
        return [], ""
    if settings.flags.unknown_fields == "refuse":
        errors = checked.unknown_errors()
        return errors, _refusal(errors)
    names = ", ".join(".".join(map(str, path)) for path, _ in unknown)
    return [], f"unknown input fields, which the model drops: {names}"


def render_output(
    schema: EndpointSchema, reply: CompiledReply, call: Call, rendered: RenderedOutcome, seed: int
) -> tuple[RenderedOutcome, CompiledMedia | None]:
    """The outcome of a reply that says nothing of its output, and the files to be stored for it.

    Other replies keep theirs, and None for the files. Raises a 500 if no output can be made.
    """
    media = reply.media
    is_scripted = media is not None and (media.kind is not None or bool(media.files))
    if not reply.is_endpoint_default or is_scripted:
        return rendered, None
    try:
        if schema.output_schema is None:
            return rendered, None
        body = schema.output(call.endpoint.text, call.input, seed)
    except FakefalError as error:
        raise unusable(error) from None
    return RenderedOutcome(Outcome(200, body, b""), rendered.shape), media or CompiledMedia()


def unusable(error: FakefalError) -> ApiError:
    """The 500 for a description that cannot be used for a call."""
    return ApiError(500, {"detail": f"fakefal: {error}"}, hint="the schema cannot be used")


def _refusal(errors: list[Json]) -> str:
    """Who refused an input, and the switch: ASCII, for a header."""
    names = [".".join(map(str, error["loc"][1:]))[:80] or "body" for error in errors]
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    fields = f"{', '.join(names[:_MAX_NAMED])}{more}"
    text = f"the endpoint's schema refused {fields}; options: {{validate: false}} switches it off"
    return text.encode("ascii", "backslashreplace").decode()
