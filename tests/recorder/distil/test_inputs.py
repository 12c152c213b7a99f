from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.inputs import exact_pattern, link_expression
from fakefal.scenario.matching.operators import compile_pattern
from tests.recorder.capture.test_redaction import PLANTED
from tests.recorder.distil.test_distil import OBJECTS

URL = "https://v3.fal.media/files/lion/abc_in_put.png"
LINKS = {URL: link_expression("in_put.png")}


def pattern_of(value: Any) -> Any:
    return exact_pattern(value, LINKS, Redactor())


@given(OBJECTS)
def test_an_input_matches_itself_and_no_larger_one(value: dict[str, Any]) -> None:
    matcher = compile_pattern(pattern_of(value))
    assert matcher.matches(value)
    assert not matcher.matches({**value, "one more": 1})


@given(st.dictionaries(st.sampled_from("abc"), st.sampled_from([*PLANTED.values(), URL, 1, [URL]])))
def test_an_input_with_secrets_and_files_matches_itself(value: dict[str, Any]) -> None:
    pattern = pattern_of(value)
    matcher = compile_pattern(pattern)
    assert matcher.matches(value)
    assert not matcher.matches({**value, "one more": 1})
    assert not any(secret in str(pattern) for secret in PLANTED.values())


def test_ordinary_inputs_are_compared_for_equality() -> None:
    assert str(pattern_of({"b": [1], "a": {"d": 1, "c": 2}})) == (
        "{'$eq': {'a': {'c': 2, 'd': 1}, 'b': [1]}}"
    )
    assert pattern_of(None) == {"$eq": None}


@pytest.mark.parametrize(
    "url",
    [
        "https://v3b.fal.media/files/b/0a1b2c3d/JYAZPrgYqf1fZnoOVSOBj_in_put.png",
        "http://127.0.0.1:8787/v3.fal.media/files/koala/JYAZPrgYqf1fZnoOVSOBj_in_put.png",
        f"{URL}?identity=abc",
    ],
)
def test_an_uploaded_file_matches_on_every_host(url: str) -> None:
    matcher = compile_pattern(pattern_of({"image_url": URL}))
    assert matcher.matches({"image_url": url})
    assert not matcher.matches({"image_url": "https://v3.fal.media/files/lion/abc_other.png"})


def test_a_file_named_by_timestamp_matches_by_extension() -> None:
    matcher = compile_pattern({"$regex": link_expression("1790000000000.png")})
    assert matcher.matches("https://v3b.fal.media/files/b/0/x_1800000000000.png")
    assert not matcher.matches("https://v3b.fal.media/files/b/0/x_1800000000000.jpeg")
    assert compile_pattern({"$regex": link_expression("")}).matches("https://x.test/files/y")


def test_a_long_data_uri_matches_by_beginning_and_length() -> None:
    uri = "data:image/png;base64," + "iVBOR" * 2_000
    pattern = pattern_of({"image_url": uri, "prompt": "x"})
    assert len(str(pattern)) < 400
    matcher = compile_pattern(pattern)
    assert matcher.matches({"image_url": uri, "prompt": "x"})
    assert not matcher.matches({"image_url": uri[:-1], "prompt": "x"})


def test_a_field_with_a_secret_name_matches_any_text() -> None:
    pattern = pattern_of({"api_key": "abcd-efgh", "prompt": "x"})
    assert "abcd-efgh" not in str(pattern)
    assert compile_pattern(pattern).matches({"api_key": "another", "prompt": "x"})


def test_operators_in_an_input_are_escaped() -> None:
    value = {"$eq": URL, "b": PLANTED["github"]}
    assert compile_pattern(pattern_of(value)).matches(value)


def test_a_url_within_a_text_matches_on_every_host() -> None:
    text = f"make a film of {URL}?a=b and (maybe) {URL}, please"
    pattern = pattern_of({"prompt": text})
    assert URL not in str(pattern)
    matcher = compile_pattern(pattern)
    other = "http://127.0.0.1:1/v3.fal.media/files/koala/x_in_put.png"
    assert matcher.matches({"prompt": f"make a film of {other} and (maybe) {other}, please"})
    assert not matcher.matches({"prompt": f"make a photo of {other} and (maybe) {other}, please"})
    many = " ".join([URL] * 9)
    assert compile_pattern(pattern_of(many)).matches(many)
