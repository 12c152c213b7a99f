"""Generates JSON that is valid for a JSON Schema, for calls that request JSON and script none."""

from __future__ import annotations

from collections.abc import Iterator

from fakefal.protocol.core.call import Json


def example_of(schema: Json, numbers: Iterator[int]) -> Json:
    """A value that is valid for a schema; ``numbers`` (0 to 255, endless) choose among its values.

    For a schema from which fakefal can make no valid value it is an empty object, as callers have
    to get some JSON.
    """
    # Imported here: few calls request JSON.
    from fakefal.scenario.schemas.description import Description, SchemaError
    from fakefal.scenario.schemas.generator import Generator

    description = Description(schema if isinstance(schema, dict) else {})
    try:
        return Generator(description, numbers).generate(schema, "schema")
    except SchemaError:
        return {}
