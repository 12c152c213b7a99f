from __future__ import annotations

import pytest

from fakefal.recorder.capture.captures import Capture, Pairs
from fakefal.recorder.distil.request_groups import sort
from fakefal.recorder.output.media import Media, media_urls
from tests.recorder.talking import asked, capture, made, only, run

URL = "https://v3b.fal.media/files/b/0/x.png"


def download(
    status: int = 200, body: bytes = b"png", kind: str = "image/png", path: str = ""
) -> Capture:
    headers: Pairs = (("Content-Type", kind),)
    return capture(
        5, asked("GET", "v3b.fal.media", path or "/files/b/0/x.png"), status, body, headers
    )


def test_a_file_lies_beside_the_scenario_under_its_hash() -> None:
    answer = {"images": [{"url": URL, "width": 1}]}
    found = made(run(answer=answer), download(), folder="a.files")
    (name,) = found.files
    assert name == "a.files/8f2b1e3b4f8e2f2c.png" or name.startswith("a.files/")
    assert found.files[name] == b"png"
    assert only(found)["reply"]["output"] == {
        "images": [{"url": {"file": name, "as": "url"}, "width": 1}]
    }


def test_the_same_bytes_are_kept_once_and_unused_ones_not_at_all() -> None:
    other = download(path="/files/b/1/y.png")
    answer = {"a": URL, "b": URL.replace("/0/x", "/1/y")}
    assert len(made(run(answer=answer), download(), other).files) == 1
    assert made(run(answer=1), download()).files == {}


@pytest.mark.parametrize(
    ("url", "kind", "extension"),
    [
        ("/files/a/x.jpeg", "image/jpeg", "jpeg"),
        ("/files/a/x.png", "image/jpeg", "jpg"),
        ("/files/a/x.xyz", "", "xyz"),
        ("/files/a/x", "application/weird", "bin"),
    ],
)
def test_the_extension_tells_the_type(url: str, kind: str, extension: str) -> None:
    media = Media("f", sort([download(kind=kind, path=url)]))
    (name,) = media.kept
    assert name.endswith(f".{extension}")


def test_a_file_that_could_not_be_read_is_noted() -> None:
    found = made(run(answer={"url": URL}), download(404, b"{}"))
    assert found.notes == [f"GET {URL}: 404, so there is no file to keep"]
    assert only(found)["reply"]["output"] == {"url": URL}


def test_uploads_are_known_by_their_names() -> None:
    begun = capture(
        0,
        asked("POST", "rest.fal.ai", "/storage/upload/initiate", {"file_name": "my cat.png"}),
        200,
        {"upload_url": "https://x.test/put?sig=1", "file_url": URL},
    )
    assert Media("f", sort([begun])).links == {URL: r"/files/.*my_cat\.png(\?.*)?$"}


def test_urls_of_files_are_found_anywhere() -> None:
    value = {"a": [f"{URL}?x=1"], "b": "https://example.com/files/x", "c": {"d": URL}}
    assert [*media_urls(value)] == [URL, URL]
