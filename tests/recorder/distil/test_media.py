from __future__ import annotations

import pytest

from fakefal.recorder.capture.captures import Capture, HeaderPairs
from fakefal.recorder.distil.media import Media, media_urls
from fakefal.recorder.distil.request_groups import group_captures
from tests.recorder.sessions import (
    distil_captures,
    make_capture,
    make_request,
    make_run,
    only_exchange,
)

URL = "https://v3b.fal.media/files/b/0/x.png"


def download(
    status: int = 200, body: bytes = b"png", kind: str = "image/png", path: str = ""
) -> Capture:
    headers: HeaderPairs = (("Content-Type", kind),)
    return make_capture(
        5, make_request("GET", "v3b.fal.media", path or "/files/b/0/x.png"), status, body, headers
    )


def test_a_file_is_stored_beside_the_scenario_under_its_hash() -> None:
    output = {"images": [{"url": URL, "width": 1}]}
    distilled = distil_captures(make_run(body=output), download(), folder="a.files")
    (name,) = distilled.files
    assert name.startswith("a.files/")
    assert distilled.files[name] == b"png"
    assert only_exchange(distilled)["reply"]["output"] == {
        "images": [{"url": {"file": name, "as": "url"}, "width": 1}]
    }


def test_equal_files_are_stored_once_and_unused_ones_not() -> None:
    other = download(path="/files/b/1/y.png")
    output = {"a": URL, "b": URL.replace("/0/x", "/1/y")}
    assert len(distil_captures(make_run(body=output), download(), other).files) == 1
    assert distil_captures(make_run(body=1), download()).files == {}


@pytest.mark.parametrize(
    ("url", "kind", "extension"),
    [
        ("/files/a/x.jpeg", "image/jpeg", "jpeg"),
        ("/files/a/x.png", "image/jpeg", "jpg"),
        ("/files/a/x.xyz", "", "xyz"),
        ("/files/a/x", "application/weird", "bin"),
    ],
)
def test_the_extension_fits_the_content_type(url: str, kind: str, extension: str) -> None:
    media = Media("f", group_captures([download(kind=kind, path=url)]))
    (name,) = media.contents
    assert name.endswith(f".{extension}")


def test_a_file_that_could_not_be_read_is_noted() -> None:
    distilled = distil_captures(make_run(body={"url": URL}), download(404, b"{}"))
    assert distilled.notes == [
        f"GET {URL}: 404, so its file is missing",
        f"{URL}: its file is missing, so a replay returns fal's URL",
    ]
    assert only_exchange(distilled)["reply"]["output"] == {"url": URL}


def test_uploads_match_by_their_names() -> None:
    initiated = make_capture(
        0,
        make_request(
            "POST", "rest.fal.ai", "/storage/upload/initiate", {"file_name": "my cat.png"}
        ),
        200,
        {"upload_url": "https://x.test/put?sig=1", "file_url": URL},
    )
    assert Media("f", group_captures([initiated])).links == {URL: r"/files/.*my_cat\.png(\?.*)?$"}


def test_urls_of_files_are_found_anywhere() -> None:
    value = {"a": [f"{URL}?x=1"], "b": "https://example.com/files/x", "c": {"d": URL}}
    assert [*media_urls(value)] == [URL, URL]
