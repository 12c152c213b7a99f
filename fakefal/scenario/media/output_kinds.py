"""The common forms of model outputs (images, video, transcript …), with generated files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from fakefal.protocol.core.call import Call, Json
from fakefal.scenario.media.assets import Asset
from fakefal.scenario.media.image_size import Dimensions
from fakefal.scenario.media.kinds import Kind
from fakefal.scenario.values.seeded import canonical_json, digest

_SIZES = {
    "square_hd": Dimensions(1024, 1024),
    "square": Dimensions(512, 512),
    "portrait_4_3": Dimensions(768, 1024),
    "portrait_16_9": Dimensions(576, 1024),
    "landscape_4_3": Dimensions(1024, 768),
    "landscape_16_9": Dimensions(1024, 576),
}
"""The names that ``image_size`` accepts. Source: documented (model page of fal-ai/flux)."""

_LONG_SIDE = 1024
MAX_IMAGES = 16
_WORDS_PER_SECOND = 2.5
_SENTENCE = re.compile(r"[^.!?]+[.!?]*\s*")

_FIELDS: dict[str, str] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "mesh": "model_mesh",
}
"""The field that holds the file of an output. Source: documented (model pages on fal.ai)."""

_TARGETS: dict[str, Kind] = {
    **{"image": "images", "video": "video", "audio": "audio", "speech": "audio"},
    **{"music": "audio", "3d": "mesh", "text": "chunks"},
}
_TARGET = re.compile(rf"-to-({'|'.join(_TARGETS)})(?![a-z])")

_KIND_PATTERNS: tuple[tuple[Kind, str], ...] = (
    ("mesh", r"trellis|3d|tripo|rodin|meshy"),
    ("chunks", r"whisper|wizper|scribe|transcri"),
    ("audio", r"tts|speech|audio|music|sound|voice|kokoro|elevenlabs|lyria|ace-step"),
    ("video", r"video|lipsync|animat|avatar|portrait|lucy|hailuo"),
    ("image", r"birefnet|rembg|background|upscal|esrgan|aura-sr|ccsr|codeformer"),
    ("images", r"image|photo|(?<![a-z])edit(?![a-z])|inpaint"),
    (
        "video",
        r"kling|veo|sora|/wan|minimax|luma|runway|pika|ltx|mochi|pixverse|seedance|vidu|hunyuan",
    ),
    (
        "images",
        r"flux|sdxl|diffusion|/sd|recraft|ideogram|nano-banana|seedream|hidream|kolors"
        r"|playground|aura-flow|sana|fooocus|bria|lora|lcm|pony|dreamshaper|realistic",
    ),
)
"""What a model makes goes before who made it: ``wan/v2.7/edit`` makes images (recorded)."""


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file in an output, before it is stored and has a URL.

    ``form``: fal's file object, its URL alone, or a data URI. ``fields`` override those of the
    object.
    """

    asset: Asset
    form: Literal["object", "url", "data-uri"] = "object"
    fields: dict[str, Json] = field(default_factory=dict)


@lru_cache(maxsize=1024)
def guess_kind(endpoint: str) -> Kind | None:
    """The probable kind of an endpoint's output, from the words of its id; None if unknown.

    Source: inferred.
    """
    text = endpoint.lower()
    if target := _TARGET.search(text):
        return _TARGETS[target[1]]
    return next((kind for kind, words in _KIND_PATTERNS if re.search(words, text)), None)


def generate_output(
    kind: Kind,
    call: Call,
    seed: int,
    files: Sequence[Asset],
    text: str,
    nsfw_concepts: Sequence[bool] = (),
) -> Json:
    """An output of a kind, with ``FileRef`` in place of files: ``files``, else generated ones.

    ``text`` is for the kinds ``text`` and ``chunks``. ``nsfw_concepts`` are flags of the first
    images; a generated image that is flagged is black. Source of the form of ``seed`` and
    ``timings``: recorded (docs/reference/open-questions.md#generated-outputs).
    """
    input_: Mapping[str, Any] = call.input if isinstance(call.input, dict) else {}
    if kind == "text":
        return {"text": text}
    if kind == "chunks":
        return _chunks(text)
    about = (str(seed), call.endpoint.text, canonical_json(call.input))
    assets = files or _generate_assets(kind, input_, nsfw_concepts, *about)
    if kind != "images":
        return {_FIELDS[kind]: FileRef(assets[0])}
    number = input_.get("seed")
    if isinstance(number, bool) or not isinstance(number, int):
        number = int.from_bytes(digest("seed", str(seed), canonical_json(call.input))[:8], "big")
    flags = [*nsfw_concepts[: len(assets)], *[False] * (len(assets) - len(nsfw_concepts))]
    return {
        "images": [FileRef(asset) for asset in assets],
        "timings": {"inference": _inference_seconds(*about)},
        "seed": number,
        "has_nsfw_concepts": flags,
        "prompt": input_.get("prompt", ""),
    }


_SAMPLES: dict[Kind, tuple[str, str, str]] = {
    "video": ("video.mp4", "video/mp4", "sample.mp4"),
    "audio": ("audio.wav", "audio/wav", "sample.wav"),
    "mesh": ("model.glb", "model/gltf-binary", "sample.glb"),
}
"""File name, content type and sample of the kinds that are not images."""


def _inference_seconds(*about: str) -> float:
    """A plausible time, 0.2 to 0.7 seconds, with all digits of a float."""
    return 0.2 + int.from_bytes(digest("timings", *about)[:6], "big") / 2**49


def _generate_assets(
    kind: Kind, input_: Mapping[str, Any], nsfw_concepts: Sequence[bool], *about: str
) -> list[Asset]:
    from fakefal.scenario.media.images import BLACK, jpeg, png  # here: most calls need none
    from fakefal.scenario.media.samples import read_sample

    if kind in _SAMPLES:
        name, content_type, sample = _SAMPLES[kind]
        return [Asset(name, content_type, read_sample(sample), is_generated=True)]
    count = input_.get("num_images") if kind == "images" else 1
    if isinstance(count, bool) or not isinstance(count, int):
        count = 1
    size = _size(input_)
    is_jpeg = input_.get("output_format") in ("jpeg", "jpg")
    make, extension = (jpeg, "jpeg") if is_jpeg else (png, "png")
    return [
        Asset(
            f"image_{number}.{extension}",
            f"image/{extension}",
            make(
                *size,
                BLACK if any(nsfw_concepts[number : number + 1]) else _colour(str(number), *about),
            ),
            size,
            is_generated=True,
        )
        for number in range(min(max(count, 1), MAX_IMAGES))
    ]


def _colour(*about: str) -> tuple[int, int, int]:
    red, green, blue = digest("colour", *about)[:3]
    return red, green, blue


def _size(input_: Mapping[str, Any]) -> Dimensions:
    """The image size that an input requests: by name, by width and height, or by aspect ratio."""
    image_size = input_.get("image_size")
    if isinstance(image_size, str) and image_size in _SIZES:
        return _SIZES[image_size]
    fields = image_size if isinstance(image_size, dict) else input_
    width, height = _side(fields.get("width")), _side(fields.get("height"))
    if width and height:
        return Dimensions(width, height)
    ratio = str(input_.get("aspect_ratio", "")).split(":")
    if len(ratio) == 2 and all(part.isdecimal() and 0 < len(part) < 4 for part in ratio):
        columns, rows = (max(1, int(part)) for part in ratio)
        longest = max(columns, rows)
        return Dimensions(
            max(1, _LONG_SIDE * columns // longest), max(1, _LONG_SIDE * rows // longest)
        )
    return _SIZES["square_hd"]


def _side(value: Any) -> int:
    from fakefal.scenario.media.images import MAX_SIDE

    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return min(value, MAX_SIDE) if value > 0 else 0


def _chunks(text: str) -> Json:
    """A transcript in the form of fal's whisper.

    Source: documented (model page of fal-ai/whisper).
    """
    chunks = []
    start = 0.0
    for sentence in _SENTENCE.findall(text):
        end = round(start + max(1, len(sentence.split())) / _WORDS_PER_SECOND, 2)
        chunks.append({"timestamp": [start, end], "text": sentence.strip()})
        start = end
    return {
        "text": text,
        "chunks": chunks,
        "inferred_languages": ["en"],
        "diarization_segments": [],
    }
