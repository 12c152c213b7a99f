"""The flow that fal tests its own Python client with, against a scenario that users can copy.

Told in our own words after fal's projects/fal_client/tests (October 2026): an image model, its
output as the next input, handles, encoded and uploaded images.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fal_client
import httpx
import pytest
from PIL import Image

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from fakefal.testing.redirect.client_caches import reset_clients
from fakefal.testing.redirect.redirect import redirect

pytestmark = pytest.mark.blackbox

SDXL = "fal-ai/fast-sdxl"
TO_IMAGE = f"{SDXL}/image-to-image"
SCENARIO = Path(__file__).parents[2] / "scenarios" / "images.yaml"


@pytest.fixture
def client() -> Iterator[fal_client.SyncClient]:
    server = ThreadedServer(FakeFalServer(SCENARIO, clock="instant", keep_alive=False))
    with server as fake, pytest.MonkeyPatch.context() as patch:
        redirect(patch, fake.url, "published:flow")
        yield fal_client.SyncClient()
        reset_clients()


def opened(url: str) -> Image.Image:
    answer = httpx.get(url)
    answer.raise_for_status()
    return Image.open(io.BytesIO(answer.content))


def test_an_output_is_the_input_of_the_next_call(client: Any) -> None:
    first = client.run(SDXL, arguments={"prompt": "a cat"})
    assert len(first["images"]) == 1
    url = first["images"][0]["url"]
    arguments = {"image_url": url, "prompt": "a tiger", "seed": 42}
    handle = client.submit(TO_IMAGE, arguments=arguments)
    result = handle.get()
    assert result["seed"] == 42
    assert opened(result["images"][0]["url"]).size == opened(url).size == (1024, 1024)
    assert client.result(TO_IMAGE, handle.request_id) == result
    status = handle.status(with_logs=False)
    assert isinstance(status, fal_client.Completed)
    assert status.logs is None
    assert handle.status(with_logs=True).logs is not None
    assert client.get_handle(TO_IMAGE, handle.request_id) == handle
    assert client.status(TO_IMAGE, handle.request_id) == status
    for call in (client.subscribe, client.run):
        assert len(call(SDXL, arguments={"prompt": "a cat"}, hint="lora:a")["images"]) == 1


def test_what_is_uploaded_is_read_again(client: Any, tmp_path: Path) -> None:
    url = client.upload(b"Hello, world!", content_type="text/plain")
    assert httpx.get(url).text == "Hello, world!"
    file = tmp_path / "fake.txt"
    file.write_text("from fake.txt")
    assert httpx.get(client.upload_file(file)).text == "from fake.txt"
    picture = opened(client.upload_image(Image.new("RGB", (100, 100))))
    assert (picture.size, picture.mode, picture.getpixel((0, 0))) == ((100, 100), "RGB", (0, 0, 0))


def test_an_encoded_image_is_an_input_like_any_other(client: Any) -> None:
    url = fal_client.encode_image(Image.new("RGB", (1024, 1024)))
    output = client.run(TO_IMAGE, arguments={"image_url": url, "prompt": "a cat"})
    (image,) = output["images"]
    assert (image["width"], image["height"]) == (1024, 1024)


def test_a_file_beside_the_scenario_is_served(client: Any) -> None:
    output = client.run(SDXL, arguments={"prompt": "an orange cat"})
    (image,) = output["images"]
    path = SCENARIO.parent / "files" / "cat.png"
    assert httpx.get(image["url"]).content == path.read_bytes()
    assert (image["file_name"], image["width"]) == ("cat.png", 96)
    assert output["prompt"] == "an orange cat"


def test_the_other_endpoints_answer_with_their_kinds(client: Any) -> None:
    gone = client.run("fal-ai/flux/dev", {"prompt": "gone"})["images"][0]["url"]
    assert httpx.get(gone).status_code == 404
    speech = client.run("fal-ai/kokoro/american-english", {"prompt": "hi"})["audio"]
    assert httpx.get(speech["url"]).content[:4] == b"RIFF"
    film = client.run("fal-ai/kling-video/v2.1/standard/image-to-video", {"prompt": "x"})["video"]
    assert httpx.get(film["url"]).content[4:8] == b"ftyp"
    words = client.run("fal-ai/whisper", {"audio_url": speech["url"]})
    assert [chunk["text"] for chunk in words["chunks"]] == [
        "Hello there.",
        "This is what was said.",
    ]
