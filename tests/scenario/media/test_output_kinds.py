"""The common forms of outputs, and which one an endpoint has."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from fakefal.scenario.media.image_size import dimensions_of
from fakefal.scenario.media.output_kinds import FileRef, generate_output, guess_kind
from tests.building import make_call


def images(**input_: Any) -> list[FileRef]:
    output = generate_output("images", make_call("a/b", input_=input_), 0, (), "")
    refs: list[FileRef] = output["images"]
    return refs


def test_the_kind_follows_from_the_words_of_an_endpoint() -> None:
    table: list[tuple[str, str | None]] = [
        ("fal-ai/flux/dev", "images"),
        ("fal-ai/fast-sdxl/image-to-image", "images"),
        ("fal-ai/stable-diffusion-v35-large", "images"),
        ("fal-ai/birefnet", "image"),
        ("fal-ai/esrgan", "image"),
        ("fal-ai/kling-video/v2/master/image-to-video", "video"),
        ("fal-ai/veo3", "video"),
        ("fal-ai/wan/v2.2-a14b/text-to-image", "images"),
        ("fal-ai/minimax/speech-02-hd", "audio"),
        ("fal-ai/kokoro/american-english", "audio"),
        ("fal-ai/mmaudio-v2/text-to-audio", "audio"),
        ("fal-ai/whisper", "chunks"),
        ("fal-ai/elevenlabs/speech-to-text", "chunks"),
        ("fal-ai/trellis", "mesh"),
        ("tripo3d/tripo/v2.5/image-to-3d", "mesh"),
        ("fal-ai/wan/v2.7/edit", "images"),  # recorded, as is the next one
        ("fal-ai/hunyuan-image/v3/instruct/edit", "images"),
        ("fal-ai/minimax/image-01", "images"),
        ("fal-ai/luma-photon", "images"),
        ("fal-ai/wan/v2.7", "video"),
        ("fal-ai/wan-vace-14b/video-edit", "video"),
        ("fal-ai/hunyuan-avatar", "video"),
        ("fal-ai/bria/background/replace", "image"),
        ("acme/secret", None),
    ]
    wrong = []
    for endpoint, kind in table:
        if guess_kind(endpoint) != kind:
            wrong.append((endpoint, guess_kind(endpoint)))
    assert wrong == []


def test_an_image_has_the_requested_size() -> None:
    table: list[tuple[Any, tuple[int, int]]] = [
        ({}, (1024, 1024)),
        ({"image_size": "landscape_4_3"}, (1024, 768)),
        ({"image_size": {"width": 100, "height": 50}}, (100, 50)),
        ({"image_size": "huge"}, (1024, 1024)),
        ({"width": 64, "height": 32}, (64, 32)),
        ({"width": 10**9, "height": -1}, (1024, 1024)),
        ({"image_size": {"width": 10**9, "height": 1}}, (4096, 1)),
        ({"aspect_ratio": "16:9"}, (1024, 576)),
        ({"aspect_ratio": "9:16"}, (576, 1024)),
        ({"aspect_ratio": "0:0"}, (1024, 1024)),
        ({"aspect_ratio": "auto"}, (1024, 1024)),
    ]
    wrong = []
    for input_, size in table:
        (ref,) = images(**input_)
        if not ref.asset.dimensions == size == dimensions_of(ref.asset.data):
            wrong.append((input_, ref.asset.dimensions))
    assert wrong == []


@pytest.mark.parametrize(("count", "expected"), [(3, 3), (0, 1), (99, 16), ("2", 1), (True, 1)])
def test_the_requested_number_of_images_is_generated_and_all_differ(
    count: Any, expected: int
) -> None:
    refs = images(num_images=count, width=8, height=8)
    assert len({ref.asset.data for ref in refs}) == len(refs) == expected


def test_the_format_of_an_image_can_be_chosen() -> None:
    (ref,) = images(output_format="jpeg")
    assert (ref.asset.name, ref.asset.content_type) == ("image_0.jpeg", "image/jpeg")
    assert ref.asset.data.startswith(b"\xff\xd8")


def test_an_output_of_images_repeats_seed_and_prompt() -> None:
    call = make_call("a/b", input_={"seed": 42, "prompt": "a cat"})
    output = generate_output("images", call, 0, (), "")
    assert (output["seed"], output["prompt"]) == (42, "a cat")
    output = generate_output("images", make_call("a/b", input_="odd"), 0, (), "")
    assert 2**32 < output["seed"] < 2**64


def test_an_output_of_images_has_the_seconds_of_the_inference() -> None:
    output = generate_output("images", make_call("a/b"), 0, (), "")
    assert list(output["timings"]) == ["inference"]
    assert 0.2 <= output["timings"]["inference"] < 0.7
    assert len(str(output["timings"]["inference"])) > 12


def test_flagged_images_are_black() -> None:
    for kind in ("png", "jpeg"):
        call = make_call(
            "a/b", input_={"num_images": 3, "output_format": kind, "image_size": "square"}
        )
        output = generate_output("images", call, 0, (), "", [True, False])
        assert output["has_nsfw_concepts"] == [True, False, False]
        colours = [
            Image.open(io.BytesIO(ref.asset.data)).convert("RGB").getcolors() or []
            for ref in output["images"]
        ]
        assert colours[0] == [(512 * 512, (0, 0, 0))]
        assert all(colour != (0, 0, 0) for some in colours[1:] for _, colour in some)


@pytest.mark.parametrize(
    ("kind", "field", "content_type", "start"),
    [
        ("image", "image", "image/png", b"\x89PNG"),
        ("video", "video", "video/mp4", b"\x00\x00\x00 ftyp"),
        ("audio", "audio", "audio/wav", b"RIFF"),
        ("mesh", "model_mesh", "model/gltf-binary", b"glTF"),
    ],
)
def test_other_kinds_hold_one_file(kind: Any, field: str, content_type: str, start: bytes) -> None:
    output = generate_output(kind, make_call(), 0, (), "")
    assert list(output) == [field]
    asset = output[field].asset
    assert asset.content_type == content_type
    assert asset.data.startswith(start)


def test_an_image_differs_from_call_to_call() -> None:
    output = generate_output("image", make_call(), 0, (), "")
    other = generate_output("image", make_call(input_={"prompt": "other"}), 0, (), "")
    assert other["image"].asset.data != output["image"].asset.data


def test_a_transcript_has_its_sentences_one_after_another() -> None:
    output = generate_output("chunks", make_call(), 0, (), "One two three. Four!")
    assert output["text"] == "One two three. Four!"
    assert output["chunks"] == [
        {"timestamp": [0.0, 1.2], "text": "One two three."},
        {"timestamp": [1.2, 1.6], "text": "Four!"},
    ]
    assert generate_output("text", make_call(), 0, (), "One.") == {"text": "One."}
