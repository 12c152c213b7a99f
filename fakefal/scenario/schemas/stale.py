"""Scripted outputs that could not come from their model any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.scenario.media.assets import is_reference, make_asset
from fakefal.scenario.media.output_kinds import FileRef
from fakefal.scenario.schemas.library import EndpointSchema, SchemaLibrary
from fakefal.scenario.templates.templates import has_template
from fakefal.scenario.values.validation_text import validation_text

if TYPE_CHECKING:
    from fakefal.scenario.model.scenario import Exchange

Path = tuple[str | int, ...]

_MAX_FINDINGS = 5
"""The most findings of one output: a wholly different one would list every field."""


def stale_outputs(exchange: Exchange, library: SchemaLibrary) -> Iterator[tuple[Path, str, str]]:
    """The path in the exchange, what is wrong, and the endpoint, for every scripted output.

    Raises SchemaError for a description that cannot be used.
    """
    outputs = list(_outputs(exchange))
    if not outputs:
        return
    for name, schema in _schemas(exchange, library):
        for path, output in outputs:
            for inner, text in output_problems(schema, output)[:_MAX_FINDINGS]:
                yield (*path, *inner), text, name


def output_problems(schema: EndpointSchema, output: Json) -> list[tuple[Path, str]]:
    """Where an output differs from what the model returns, and how; nothing for templates."""
    if (model := schema.output_model) is None:
        return []
    checked = model.check_output(_with_sample_files(output))
    problems = [
        (tuple(error["loc"]), validation_text(error))
        for error in checked.errors
        if not _passes_template(output, error["loc"])
    ]
    return [*problems, *((path, "the model has no such field") for path, _ in checked.unknown)]


def _schemas(exchange: Exchange, library: SchemaLibrary) -> Iterator[tuple[str, EndpointSchema]]:
    names = exchange.when.endpoint
    for name in [names] if isinstance(names, str) else names or ():
        endpoint = parse_endpoint(name)
        schema = None if endpoint is None else library.find(endpoint)
        if schema is not None:
            yield name, schema


def _outputs(exchange: Exchange) -> Iterator[tuple[Path, Json]]:
    replies = [] if exchange.reply is None else [(("reply",), exchange.reply)]
    numbered = enumerate(exchange.replies or ())
    for path, reply in [*replies, *((("replies", number), it) for number, it in numbered)]:
        if "output" in reply.model_fields_set and not reply.omit_fields:
            yield (*path, "output"), reply.output


def _passes_template(output: Json, path: Path) -> bool:
    """Whether a path ends in or leads through a text that is a template."""
    node: Any = output
    for part in (*path, None):
        if isinstance(node, str):
            return has_template(node)
        try:
            node = node[part]
        except (LookupError, TypeError):
            return False
    return isinstance(node, str) and has_template(node)


def _with_sample_files(value: Json) -> Json:
    if is_reference(value):
        form = value.get("as")
        fields = {key: inner for key, inner in value.items() if key not in ("file", "as")}
        asset = make_asset(value["file"], b"")
        return FileRef(asset, "object" if form in (None, "object") else "url", fields).sample()
    if isinstance(value, dict):
        return {name: _with_sample_files(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_sample_files(inner) for inner in value]
    return value
