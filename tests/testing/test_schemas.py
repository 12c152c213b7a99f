"""Schemas in tests: the ini option, the marker, stale outputs at the end of a test."""

from __future__ import annotations

from pathlib import Path

import fal_client
import pytest

from fakefal import FakeFal
from tests.engine.calls.test_schema_calls import write_schema
from tests.testing.conftest import RunTests

FLUX = "fal-ai/flux/dev"
STALE = """
    import fal_client

    def test_it(fakefal):
        fakefal.on("fal-ai/flux/dev").output({"images": [{"url": 3}]})
        fal_client.run("fal-ai/flux/dev", {"prompt": "x"})
"""


@pytest.fixture
def with_schema(fakefal: FakeFal, tmp_path: Path) -> FakeFal:
    path = write_schema(tmp_path, FLUX)
    fakefal.app(FLUX, openapi=str(path))
    return fakefal


def test_fal_client_names_the_invalid_field(with_schema: FakeFal) -> None:
    with_schema.load({"fakefal": 1, "exchanges": [{"when": {"endpoint": FLUX}}]})
    with pytest.raises(fal_client.FalClientHTTPError) as caught:
        fal_client.run(FLUX, {"prompt": "x", "image_size": {"width": -1}})
    assert caught.value.status_code == 422
    locs = [error["loc"] for error in caught.value.response.json()["detail"]]
    assert locs[0] == ["body", "image_size", "ImageSize", "width"]


def test_fal_client_gets_the_error_in_the_result_of_the_queue(with_schema: FakeFal) -> None:
    with pytest.raises(fal_client.FalClientHTTPError) as caught:
        fal_client.subscribe(FLUX, {})
    (error,) = caught.value.response.json()["detail"]
    assert error["loc"] == ["body", "prompt"]


def test_an_exchange_without_a_reply_gets_an_output_whose_files_can_be_read(
    with_schema: FakeFal,
) -> None:
    with_schema.load({"fakefal": 1, "exchanges": [{"when": {"endpoint": FLUX}}]})
    result = fal_client.subscribe(FLUX, {"prompt": "a cat", "num_images": 2, "seed": 4})
    assert (result["seed"], len(result["images"])) == (4, 2)


@pytest.mark.fakefal(stale="ignore")
def test_stale_outputs_are_found(with_schema: FakeFal) -> None:
    with_schema.on(FLUX).output({"images": [{"url": 3}], "seed": "{{ input.seed }}"})
    lines = with_schema.end_of_test.stale()
    assert [line.partition("replies[0]")[2] for line in lines] == [
        ".output.images[0].url: expected a string",
        ".output.timings: is missing",
        ".output.has_nsfw_concepts: is missing",
        ".output.prompt: is missing",
    ]
    fal_client.run(FLUX, {"prompt": "x", "seed": 1})


def test_an_option_names_the_schemas_and_stale_outputs_fail_the_test(
    run_tests: RunTests, pytester: pytest.Pytester
) -> None:
    write_schema(pytester.path / "descriptions", FLUX)
    result = run_tests(STALE, "--fakefal-schemas=descriptions", "--fakefal-stale=error")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*scripted outputs differ from the schema of their endpoint:",
            "  *_test.py:4 for fal-ai/flux/dev: replies?0?.output.images?0?.url: expected a string",
        ]
    )


def test_the_marker_names_schemas_beside_the_test(
    run_tests: RunTests, pytester: pytest.Pytester
) -> None:
    write_schema(pytester.path / "descriptions", FLUX)
    marker = '    import pytest\n\n    @pytest.mark.fakefal(schemas="descriptions")\n'
    marked = STALE.replace("    def test_it", f"{marker}    def test_it")
    result = run_tests(marked, "--fakefal-stale=error")
    result.assert_outcomes(passed=1, errors=1)
