"""Endpoint ids: namespaces, apps, paths and the legacy form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.endpoints import EndpointId, parse_endpoint

SEGMENT = st.text("abcxyz019-._", min_size=1, max_size=8).filter(
    lambda text: text not in ("workflows", "comfy", ".", "..")
)


def parsed(text: str) -> EndpointId:
    endpoint = parse_endpoint(text)
    assert endpoint is not None
    return endpoint


@pytest.mark.parametrize(
    ("text", "app", "path", "namespace"),
    [
        ("fal-ai/any-llm", "fal-ai/any-llm", "", ""),
        ("fal-ai/any-llm/vision", "fal-ai/any-llm", "vision", ""),
        ("fal-ai/a/b/c", "fal-ai/a", "b/c", ""),
        ("workflows/me/flow", "workflows/me/flow", "", "workflows"),
        ("workflows/me/flow/x", "workflows/me/flow", "x", "workflows"),
        ("comfy/me/graph/x/y", "comfy/me/graph", "x/y", "comfy"),
        ("123-alias", "123/alias", "", ""),
        ("42-my-app-2", "42/my-app-2", "", ""),
    ],
)
def test_an_id_is_an_app_and_a_path(text: str, app: str, path: str, namespace: str) -> None:
    endpoint = parsed(text)
    assert (endpoint.app, endpoint.path, endpoint.namespace) == (app, path, namespace)


def test_owner_and_alias_stand_apart_from_the_namespace() -> None:
    endpoint = parsed("workflows/me/flow/x")
    assert (endpoint.owner, endpoint.alias) == ("me", "flow")


@pytest.mark.parametrize(
    "text", ["/fal-ai/any-llm", "fal-ai/any-llm/", "//fal-ai//any-llm//", "fal-ai/any-llm"]
)
def test_slashes_at_the_ends_and_doubled_ones_do_not_matter(text: str) -> None:
    assert parsed(text) == parsed("fal-ai/any-llm")


def test_the_legacy_form_means_the_same_as_owner_and_alias() -> None:
    assert parsed("123-alias") == parsed("123/alias")


@pytest.mark.parametrize(
    "text", ["", "/", "any-llm", "workflows", "workflows/me", "comfy/me/", "123-", "-alias", "1_2"]
)
def test_an_id_without_owner_or_alias_is_invalid(text: str) -> None:
    assert parse_endpoint(text) is None


def test_a_namespace_with_a_legacy_looking_app_is_not_an_id() -> None:
    assert parse_endpoint("workflows/123-alias") is None


def test_an_id_prints_as_its_text() -> None:
    assert str(parsed("/fal-ai/any-llm/vision/")) == "fal-ai/any-llm/vision"


@given(st.lists(SEGMENT, min_size=2, max_size=5), st.sampled_from(["", "workflows", "comfy"]))
def test_parsing_the_text_of_an_id_gives_the_same_id(parts: list[str], namespace: str) -> None:
    endpoint = parsed("/".join(filter(None, [namespace, *parts])))
    assert parsed(endpoint.text) == endpoint
    assert "/".join(filter(None, [endpoint.app, endpoint.path])) == endpoint.text


@pytest.mark.parametrize("text", ["../../etc/passwd", "fal-ai/..", "./x", "fal-ai/x/../y"])
def test_dot_segments_are_invalid(text: str) -> None:
    assert parse_endpoint(text) is None
