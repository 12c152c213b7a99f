"""Valid inputs of the twenty endpoints, and thirty invalid ones each, made by breaking those."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from pydantic import BaseModel, ValidationError

from tests.scenario.schemas.endpoint_models import ENDPOINTS

_FILE = {"url": "https://example.com/a.zip"}

VALID: dict[str, list[Any]] = {
    "fal-ai/flux/dev": [
        {"prompt": "a cat"},
        {
            "prompt": "a cat",
            "image_size": {"width": 64},
            "num_images": "2",
            "seed": None,
            "loras": [{"path": "x", "scale": 2}],
            "output_format": "png",
            "guidance_scale": 3,
        },
    ],
    "fal-ai/nano/edit": [
        {"prompt": "make it red", "image_urls": ["https://example.com/a.png"], "strength": 0.5}
    ],
    "fal-ai/kling-video/v2/text-to-video": [
        {"prompt": "a dog", "duration": "10", "fps": 8, "aspect_ratio": "1:1", "cfg_scale": 1}
    ],
    "fal-ai/speech-01": [
        {"text": "hi", "emotion": "happy", "voice": 3, "speed": 1, "sample_rate": 8000},
        {"text": "hi", "voice": "calm"},
    ],
    "fal-ai/whisper": [
        {
            "audio_url": "https://example.com/a.mp3",
            "task": "translate",
            "chunk_level": "word",
            "num_speakers": 2,
            "batch_size": 3,
        }
    ],
    "fal-ai/trellis": [{"image_url": "x", "texture_size": 512, "seed": 5, "mesh_simplify": 0.92}],
    "acme/chat": [
        {
            "messages": [{"role": "user", "content": [{"type": "text"}]}],
            "stop": ["a"],
            "max_tokens": 1,
            "temperature": 0,
        }
    ],
    "fal-ai/moondream": [
        {"image_url": "x", "labels": ["a", "b"], "task": "detect", "threshold": 0.1}
    ],
    "fal-ai/flux-lora-trainer": [
        {
            "images_data_url": "x",
            "trigger_word": "ABCD",
            "steps": 10,
            "create_masks": "false",
            "learning_rate": 1,
        }
    ],
    "acme/control": [
        {
            "control": {"kind": "depth", "depth_url": "x", "strength": 0.5},
            "extra": {"kind": "pose", "points": [[0, 1]]},
        }
    ],
    "acme/tree": [
        {
            "name": "a",
            "children": [{"name": "b", "children": [{"name": "c"}]}],
            "parent": {"name": "p"},
        }
    ],
    "acme/grid": [
        {
            "matrix": [[1, 2], [3]],
            "nested": [[[{"width": 3}]]],
            "weights": {"a": [1.5]},
            "pair": [1, "x"],
        }
    ],
    "acme/files": [
        {"archive": _FILE, "attachments": ["x", _FILE], "callback": "https://example.com/"}
    ],
    "acme/schedule": [{"at": "2026-01-01T00:00:00Z", "every": 1.5, "tags": {"a": "b"}}],
    "acme/strict": [{"prompt": "x", "options": {"width": 3, "height": 4}, "flag": True}],
    "acme/any": [{"payload": None, "anything": {"a": [1]}, "number": 1.5}],
    "fal-ai/ace-step/music": [{"lyrics": "la la la la", "genre": ["rock"], "bpm": 60}],
    "fal-ai/clarity-upscaler": [{"image_url": "x", "scale": 4, "size": {"width": 3}}],
    "acme/batch": [
        {
            "inputs": [{"prompt": "a", "image_size": "square", "loras": [{"path": "p"}]}],
            "priority": "high",
        }
    ],
    "acme/avatar": [
        {
            "face": {"width": 1, "height": 2},
            "audio_urls": ["https://example.com/a.wav"],
            "expressions": {"smile": 0.5},
        }
    ],
}

_WRONG: tuple[Any, ...] = (
    "",
    "wrong",
    "x" * 3000,
    -1,
    10**6,
    0.123,
    [],
    ["wrong"],
    [[1, 2, 3]],
    {},
    {"wrong": 1},
    {"kind": "x", "url": 3},
    None,
    True,
    "https://",
    "ftp://example.com",
)


def _broken(value: Any) -> Iterator[Any]:
    """The value with one part replaced by something else or removed, at every depth."""
    yield from _WRONG
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {key: item for key, item in value.items() if key != name}
            for other in _broken(inner):
                yield {**value, name: other}
        yield {**value, "unexpected": 1}
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            for other in _broken(inner):
                yield [*value[:index], other, *value[index + 1 :]]
        yield value * 5


def _invalid(model: type[BaseModel], inputs: list[Any]) -> Iterator[Any]:
    for valid in inputs:
        for body in _broken(valid):
            if body is None:
                continue
            try:
                model.__pydantic_validator__.validate_python(deepcopy(body), from_attributes=True)
            except ValidationError:
                yield body


INVALID: dict[str, list[Any]] = {
    endpoint: list(_invalid(ENDPOINTS[endpoint][0], inputs)) for endpoint, inputs in VALID.items()
}
