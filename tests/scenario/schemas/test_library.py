"""Which description an endpoint gets."""

from __future__ import annotations

from fakefal.protocol.core.endpoints import EndpointId, parse_endpoint
from fakefal.scenario.schemas.description import Description, description_of
from fakefal.scenario.schemas.library import SchemaLibrary
from tests.scenario.schemas.endpoint_models import describe

FLUX, TREE = (description_of(describe(name)) for name in ("fal-ai/flux/dev", "acme/tree"))


def endpoint(text: str) -> EndpointId:
    parsed = parse_endpoint(text)
    assert parsed is not None
    return parsed


def described_by(library: SchemaLibrary, text: str) -> Description | None:
    schema = library.find(endpoint(text))
    return None if schema is None else schema.description


def test_an_endpoint_has_the_description_that_names_it() -> None:
    library = SchemaLibrary([FLUX, TREE])
    assert described_by(library, "acme/tree") is TREE
    assert described_by(library, "acme/tree/branch") is None
    assert list(library.endpoints()) == ["fal-ai/flux/dev", "acme/tree"]


def test_a_named_pattern_goes_first() -> None:
    library = SchemaLibrary([FLUX], [("fal-ai/*", TREE)])
    assert described_by(library, "fal-ai/flux/dev") is TREE
    assert described_by(library, "fal-ai/else") is TREE
    assert list(library.endpoints()) == ["fal-ai/flux/dev"]


def test_later_descriptions_win() -> None:
    other = description_of(describe("fal-ai/flux/dev"))
    library = SchemaLibrary([FLUX], [("acme/x", FLUX)]).extended(
        [other], [("acme/x", TREE)], [FLUX]
    )
    assert described_by(library, "fal-ai/flux/dev") is other
    assert described_by(library, "acme/x") is TREE
    assert library.apis == (FLUX,)


def test_models_are_built_once() -> None:
    library = SchemaLibrary([TREE])
    first, second = (library.find(endpoint("acme/tree")) for _ in range(2))
    assert first is second
    assert first is not None
    assert first.input_model is first.input_model
