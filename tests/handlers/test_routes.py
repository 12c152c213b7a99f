"""The handler of each request, authorization, and the errors of other requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.handlers import queue, run
from fakefal.handlers.http import Handler
from fakefal.handlers.routes import ROUTES, find_route
from fakefal.handlers.websocket.connect import connect_socket
from fakefal.protocol.errors.errors import ApiError
from tests.building import scenario, timeline
from tests.callers import running_caller
from tests.cases import failures

APP = "/fal-ai/any-llm"

READS = [
    ("GET", ""),
    ("GET", "/response"),
    ("GET", "/status"),
    ("GET", "/status/stream"),
    ("PUT", "/cancel"),
]


@pytest.mark.parametrize(("method", "path"), READS)
@pytest.mark.parametrize("key", ["id:secret", None])
async def test_an_unknown_request_is_a_404_with_and_without_a_key(
    method: str, path: str, key: str | None
) -> None:
    async with running_caller() as caller:
        response = await caller.request(method, f"{APP}/requests/unknown{path}", key=key)
        assert (response.status, response.body) == (404, b'{"status":"NOT_FOUND"}')


@pytest.mark.parametrize(("method", "path"), READS)
async def test_the_request_of_another_key_or_app_is_unknown(method: str, path: str) -> None:
    async with running_caller() as caller:
        id_ = await caller.submit()
        others = [
            await caller.request(method, f"{APP}/requests/{id_}{path}", key="other:key"),
            await caller.request(method, f"/fal-ai/flux/requests/{id_}{path}"),
        ]
        assert [(response.status, response.body) for response in others] == [
            (404, b'{"status":"NOT_FOUND"}')
        ] * 2


@pytest.mark.parametrize(("method", "path"), READS)
async def test_a_bad_key_is_a_401_before_all_else(method: str, path: str) -> None:
    async with running_caller(keys=frozenset({"good:key"})) as caller:
        response = await caller.request(method, f"{APP}/requests/unknown{path}")
        assert (response.status, response.body) == (401, b'{"detail":"invalid key credentials"}')


@pytest.mark.parametrize("path", ["", "/vision"])
async def test_a_submit_without_a_key_is_a_401_that_names_the_app(path: str) -> None:
    async with running_caller() as caller:
        response = await caller.request("POST", APP + path, key=None, json={"prompt": "hi"})
        assert response.status == 401
        assert response.json["detail"] == (
            'Cannot access application "fal-ai/any-llm". '
            "Authentication is required to access this application."
        )


@pytest.mark.parametrize(("method", "path"), READS)
async def test_trailing_slashes_do_not_matter(method: str, path: str) -> None:
    async with running_caller(scenario(timeline())) as caller:
        id_ = await caller.submit()
        without_slash, slashed = [
            await caller.request(method, f"{APP}/requests/{id_}{path}{end}") for end in ("", "/")
        ]
        assert (slashed.status, slashed.body) == (without_slash.status, without_slash.body)


@pytest.mark.parametrize(("method", "path"), READS)
async def test_the_path_of_the_endpoint_may_stay_in_request_urls(method: str, path: str) -> None:
    async with running_caller(scenario(timeline(), subpath="accept")) as caller:
        id_ = await caller.submit("fal-ai/any-llm/vision")
        without_path = await caller.request(method, f"{APP}/requests/{id_}{path}")
        longer = await caller.request(method, f"{APP}/vision/requests/{id_}{path}")
        assert (longer.status, longer.body) == (without_path.status, without_path.body)


@pytest.mark.parametrize(("method", "path"), READS)
async def test_by_default_it_is_a_405_as_recorded(method: str, path: str) -> None:
    async with running_caller() as caller:
        id_ = await caller.submit("fal-ai/any-llm/vision")
        response = await caller.request(method, f"{APP}/vision/requests/{id_}{path}")
        assert (response.status, response.body) == (405, b"")
        assert response.headers["allow"] == "POST"
        assert not {"Content-Type", "x-fal-request-id"} & response.headers.keys()
        assert response.headers["x-fakefal-hint"].endswith("use fal-ai/any-llm")
        assert (await caller.request("GET", f"{APP}/requests/{id_}/status")).status == 202


# The table

ID = {"endpoint": "a/b", "id": "x"}


HANDLERS = [
    ("queue.fal.run", "POST", "/a/b", queue.submit, {"endpoint": "a/b"}),
    ("queue.fal.run", "POST", "//a/b/c//", queue.submit, {"endpoint": "a/b/c"}),
    ("queue.fal.run", "GET", "/a/b/requests/x", queue.result, ID),
    ("queue.fal.run", "GET", "/a/b/requests/x/response/", queue.result, ID),
    ("queue.fal.run", "GET", "/a/b/requests/x/status/", queue.status, ID),
    ("queue.fal.run", "GET", "/a/b/requests/x/status/stream", queue.status_stream, ID),
    ("queue.fal.run", "PUT", "/a/b/requests/x/cancel", queue.cancel, ID),
    ("fal.run", "POST", "/a/b", run.run, {"endpoint": "a/b"}),
    ("fal.run", "POST", "/a/b/c", run.run, {"endpoint": "a/b/c"}),
    ("fal.run", "POST", "/a/b/stream", run.stream, {"endpoint": "a/b"}),
    ("fal.run", "POST", "/a/b/vision/stream/", run.stream, {"endpoint": "a/b/vision"}),
    ("fal.run", "GET", "/a/b", connect_socket, {"endpoint": "a/b"}),
]
WRONG_METHODS = [
    ("queue.fal.run", "GET", "/a/b"),
    ("queue.fal.run", "PUT", "/a/b"),
    ("queue.fal.run", "POST", "/a/b/requests/x"),
    ("queue.fal.run", "POST", "/a/b/requests/x/status"),
    ("queue.fal.run", "POST", "/a/b/requests/x/cancel"),
    ("queue.fal.run", "GET", "/a/b/requests/x/cancel"),
    ("queue.fal.run", "PUT", "/a/b/requests/x/status"),
    ("queue.fal.run", "DELETE", "/a/b/requests/x"),
    ("fal.run", "OPTIONS", "/a/b"),
]


def test_a_request_finds_its_handler() -> None:
    def check(
        host: str, method: str, path: str, handler: Handler, parameters: dict[str, str]
    ) -> None:
        assert find_route(host, method, path) == (handler, parameters)

    assert failures(check, HANDLERS) == []


def test_a_wrong_method_is_a_405() -> None:
    def check(host: str, method: str, path: str) -> None:
        with pytest.raises(ApiError) as caught:
            find_route(host, method, path)
        assert (caught.value.status, caught.value.body) == (405, {"detail": "Method Not Allowed"})

    assert failures(check, WRONG_METHODS) == []


def test_the_root_of_a_host_is_not_found() -> None:
    def check(host: str, path: str) -> None:
        with pytest.raises(ApiError) as caught:
            find_route(host, "GET", path)
        body = {"detail": f"Path {path} not found"}
        assert (caught.value.status, caught.value.body) == (404, body)

    assert failures(check, [(host, path) for host in ROUTES for path in ("/", "//", "")]) == []


def test_an_unserved_host_is_named_only_in_the_hint() -> None:
    with pytest.raises(ApiError) as caught:
        find_route("auth.fal.ai", "GET", "/v1/models")
    error = caught.value
    assert (error.status, error.body) == (404, {"detail": "Path /v1/models not found"})
    assert error.hint == "fakefal does not serve auth.fal.ai yet"


def status_or_endpoint(host: str, method: str, path: str) -> int | str:
    try:
        _, parts = find_route(host, method, path)
    except ApiError as error:
        return error.status
    return parts["endpoint"]


methods = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "X"])


@given(host=st.sampled_from(["queue.fal.run", "fal.run", "rest.fal.ai"]), method=methods,
       path=st.text().map(lambda text: f"/{text}"))  # fmt: skip
def test_any_path_finds_a_route_or_an_api_error(host: str, method: str, path: str) -> None:
    result = status_or_endpoint(host, method, path)
    assert result in (404, 405) or str(result) in path


@pytest.mark.parametrize("path", ["/any-llm", "/workflows/x", "/%20"])
@pytest.mark.parametrize("host", ["queue.fal.run", "fal.run"])
async def test_a_single_segment_is_a_404_as_recorded(host: str, path: str) -> None:
    async with running_caller() as caller:
        response = await caller.request("POST", path, host=host, json={})
        expected = (404, b"", None)
        if host == "fal.run":
            expected = (404, b"404: Not Found", "text/plain")
        assert (response.status, response.body, response.headers.get("Content-Type")) == expected


@pytest.mark.parametrize("host", ["queue.fal.run", "fal.run", "rest.fal.ai"])
@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_some_methods_do_not_pass_the_load_balancer(host: str, method: str) -> None:
    with pytest.raises(ApiError) as caught:
        find_route(host, method, "/fal-ai/any-llm")
    assert (caught.value.status, caught.value.has_request_id) == (405, False)
    assert b"<h1>405 Not Allowed</h1>" in caught.value.payload


async def test_a_refused_read_with_the_path_is_in_the_journal() -> None:
    async with running_caller() as caller:
        id_ = await caller.submit("fal-ai/any-llm/vision")
        await caller.request("GET", f"{APP}/vision/requests/{id_}/status")
        (tenant,) = [it for it in caller.server.engine.tenants if it.journal]
        entry = [it.body() for it in tenant.journal][-1]
        assert (entry["kind"], entry["status"]) == ("refused", 405)
        assert entry["note"].endswith("use fal-ai/any-llm")
