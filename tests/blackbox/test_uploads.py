"""Every published way to upload, old and new, small and in parts: what went in comes out."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.driving import DRIVERS, Seen, environment, once, run_driver
from tests.blackbox.installing import JS_FOLDER, fal_client_folder, node_with_clients
from tests.serving import ServeProcess, serve

pytestmark = pytest.mark.blackbox

SCENARIO = Path(__file__).with_name("files.yaml")
PYTHON_MEGABYTES = 105
JS_MEGABYTES = 95
ROOM_MEGABYTES = 48
"""How much a server may grow while a hundred megabytes go in and out again."""


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def peak_megabytes(served: ServeProcess) -> float | None:
    """The most memory that a server ever had; None where the system does not tell."""
    status = Path(f"/proc/{served.process.pid}/status")
    if not status.exists():
        return None
    (line,) = [it for it in status.read_text().splitlines() if it.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def uploaded(served: ServeProcess, version: str, mode: str, megabytes: int, folder: Path) -> Any:
    env = environment(f"{version}:{mode}", PYTHONPATH=fal_client_folder(version))
    driver = str(DRIVERS / "uploads.py")
    return run_driver([sys.executable, driver, served.url, mode, str(megabytes), str(folder)], env)


@pytest.fixture(
    scope="module",
    params=[("1.0.3", "sync"), ("1.0.3", "async"), ("0.13.2", "sync"), ("0.5.9", "sync")],
    ids="-".join,
)
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What fal_client came to: sync and async, the newest, one with fallbacks, the oldest."""
    version, mode = request.param

    def make() -> dict[str, Seen]:
        folder = tmp_path_factory.mktemp("uploads")
        with serve("--quiet", str(SCENARIO)) as served:
            return {mode: Seen(uploaded(served, version, mode, 0, folder), [], {})}

    return once(tmp_path_factory, f"uploads-{version}-{mode}", make)[mode].flows


def test_what_python_uploads_comes_back(seen: Any) -> None:
    small = seen["small"]
    assert {it["status"] for it in (small["bytes"], small["text"], small["file"])} == {200}
    assert small["bytes"]["sha"] == sha(b"Hello, world!")
    assert small["bytes"]["type"] == "text/plain"
    assert small["text"]["sha"] == sha("Grüße".encode())
    assert small["file"]["sha"] == sha(b"from fake.txt")
    assert small["file"]["url"].endswith("_fake.txt")
    assert (small["empty"]["status"], small["empty"]["size"]) == (200, 0)


def test_an_uploaded_image_opens_and_can_be_asked_about(seen: Any) -> None:
    image = seen["small"]["image"]
    assert (image["type"], image["pixel"], image["side"]) == ("image/png", [1, 2, 3], [100, 100])
    assert seen["small"]["run"] == {"seen": {"image_url": image["url"]}}


def test_names_never_become_paths(seen: Any) -> None:
    for name in seen["small"]["names"]:
        assert name["status"] == 200
        last = name["url"].rsplit("/", 1)[1]
        assert len(last) < 130
        assert "\\" not in last
        assert ".." not in name["url"]


def test_the_other_places_take_uploads_too(seen: Any) -> None:
    for name, file in seen["ways"].items():
        if name == "private":
            assert file["status"] == 403
        else:
            assert (file["status"], file["sha"]) == (200, sha(b"elsewhere"))


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_large_file_goes_in_parts_and_memory_stays_flat(mode: str, tmp_path: Path) -> None:
    with serve("--quiet", str(SCENARIO)) as served:
        before = peak_megabytes(served)
        large = uploaded(served, "1.0.3", mode, PYTHON_MEGABYTES, tmp_path)["large"]
        after = peak_megabytes(served)
    assert large["size"] == PYTHON_MEGABYTES * 1024 * 1024
    assert large["sha"] == large["sent"]
    assert list(tmp_path.iterdir()) == [tmp_path / "fake.txt"]
    if before is not None and after is not None:
        assert after - before < ROOM_MEGABYTES


@pytest.fixture(scope="module")
def js(tmp_path_factory: pytest.TempPathFactory) -> Any:
    def make() -> dict[str, Seen]:
        with serve("--quiet", str(SCENARIO)) as served:
            before = peak_megabytes(served)
            command = [node_with_clients(), str(JS_FOLDER / "uploads.mjs"), served.url, "js:key"]
            found = run_driver([*command, str(JS_MEGABYTES)], environment("not used"))
            after = peak_megabytes(served)
            grown = None if before is None or after is None else after - before
            return {"js": Seen({**found, "base": served.url, "grown": grown}, [], {})}

    return once(tmp_path_factory, "uploads-js", make)["js"].flows


@pytest.mark.parametrize("way", ["proxyUrl", "requestMiddleware", "fetch"])
def test_what_javascript_uploads_comes_back(js: Any, way: str) -> None:
    found = js[way]
    assert (found["upload"]["status"], found["upload"]["sha"]) == (200, sha(b"Hello, world!"))
    assert found["upload"]["type"] == "text/plain"
    assert found["hidden"]["status"] == 404
    assert found["short"]["status"] == 200
    base = "https://v3b.fal.media" if way == "fetch" else f"{js['base']}/v3b.fal.media"
    assert found["upload"]["url"].startswith(f"{base}/files/b/")


@pytest.mark.parametrize("way", ["proxyUrl", "requestMiddleware", "fetch"])
def test_blobs_in_an_input_are_uploaded_by_the_client(js: Any, way: str) -> None:
    found = js[way]
    assert [it["sha"] for it in found["sent"]] == [sha(bytes([1, 2, 3])), sha(b"Hello, world!")]
    assert found["seen"]["image_url"].endswith("_my_file_1_.png")
    assert found["seen"]["data"] == "data:text/plain,x"
    assert found["picture"]["type"] == "image/png"
    assert found["picture"]["size"] > 100


def test_a_large_file_goes_in_parts_from_node(js: Any) -> None:
    assert js["large"]["size"] == JS_MEGABYTES * 1024 * 1024
    assert js["large"]["sha"] == js["large"]["sent"]
    assert js["grown"] is None or js["grown"] < ROOM_MEGABYTES


def test_the_old_client_uploads_and_subscribes(js: Any) -> None:
    assert js["old"]["sent"]["sha"] == sha(b"old")
    assert js["old"]["sent"]["url"].endswith("_old.txt")
