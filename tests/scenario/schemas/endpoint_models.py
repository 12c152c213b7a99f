"""Twenty endpoints in fal's style as pydantic models: the judges of inputs and outputs."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, HttpUrl

Sizes = Literal["square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3"]


class ImageSize(BaseModel):
    width: int = Field(512, gt=0, le=14142)
    height: int = Field(512, gt=0, le=14142)


class File(BaseModel):
    url: str = Field(description="The URL where the file can be downloaded from.")
    content_type: str | None = Field(None, examples=["image/png"])
    file_name: str | None = None
    file_size: int | None = Field(None, examples=[4404019])


class Image(File):
    width: int | None = None
    height: int | None = None


class LoraWeight(BaseModel):
    path: str
    scale: float = Field(1, ge=0, le=4)


class FluxInput(BaseModel):
    prompt: str = Field(examples=["A cat"])
    image_size: ImageSize | Sizes = "landscape_4_3"
    num_inference_steps: int = Field(28, ge=1, le=50)
    seed: int | None = None
    guidance_scale: float = Field(3.5, ge=1, le=20)
    num_images: int = Field(1, ge=1, le=4)
    enable_safety_checker: bool = True
    output_format: Literal["jpeg", "png"] = "jpeg"
    loras: list[LoraWeight] = []


class ImagesOutput(BaseModel):
    images: list[Image] = Field(
        examples=[[{"url": "https://fal.media/files/x/a.png", "content_type": "image/png"}]]
    )
    timings: dict[str, float]
    seed: int
    has_nsfw_concepts: list[bool]
    prompt: str


class EditInput(BaseModel):
    prompt: str = Field(min_length=3, max_length=500)
    image_urls: list[str] = Field(min_length=1, max_length=4)
    mask_url: str | None = None
    strength: float = Field(0.95, gt=0, lt=1)


class EditOutput(BaseModel):
    images: list[File]
    description: str


class VideoInput(BaseModel):
    prompt: str = Field(max_length=2500)
    duration: Literal["5", "10"] = "5"
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = "16:9"
    cfg_scale: float = Field(0.5, ge=0, le=1)
    fps: int = Field(24, multiple_of=4, ge=4)
    image_url: str | None = None


class VideoOutput(BaseModel):
    video: File


class Emotion(str, Enum):
    calm = "calm"
    happy = "happy"


class SpeechInput(BaseModel):
    text: str = Field(min_length=1)
    emotion: Emotion = Emotion.calm
    speed: float = Field(1.0, ge=0.5, le=2.0)
    voice: Emotion | int | None = None
    sample_rate: Literal[8000, 16000, 44100] = 44100


class SpeechOutput(BaseModel):
    audio: File
    duration_ms: float = Field(ge=0)


class WhisperInput(BaseModel):
    audio_url: HttpUrl
    task: Literal["transcribe", "translate"] = "transcribe"
    chunk_level: Literal["none", "segment", "word"] = "segment"
    batch_size: int = Field(64, ge=1, le=64)
    num_speakers: int | None = Field(None, ge=1)


class Chunk(BaseModel):
    timestamp: tuple[float, float]
    text: str


class WhisperOutput(BaseModel):
    text: str
    chunks: list[Chunk]
    inferred_languages: list[str]


class MeshInput(BaseModel):
    image_url: str
    texture_size: Literal[512, 1024, 2048] = 1024
    mesh_simplify: float = Field(0.95, ge=0.9, le=0.98)
    seed: int | None = Field(None, ge=0, le=2**32 - 1)


class MeshOutput(BaseModel):
    model_mesh: File
    timings: dict[str, float] = {}


class Message(BaseModel):
    role: Literal["system", "user", "assistant"]
    content: str | list[dict[str, Any]]


class LlmInput(BaseModel):
    messages: list[Message] = Field(min_length=1)
    temperature: float = Field(1, ge=0, le=2)
    stop: str | list[str] | None = None
    max_tokens: int | None = Field(None, ge=1)


class LlmOutput(BaseModel):
    output: str = Field(examples=["Hello there."])
    partial: bool = False
    error: str | None = None


class VisionInput(BaseModel):
    image_url: str
    task: Literal["caption", "detect", "count"] = "caption"
    labels: set[str] = set()
    threshold: float = Field(0.5, ge=0, le=1)


class Box(BaseModel):
    x: float = Field(ge=0, le=1)
    y: float = Field(ge=0, le=1)
    label: str


class VisionOutput(BaseModel):
    boxes: list[Box]
    caption: str | None = None


class TrainingInput(BaseModel):
    images_data_url: str
    steps: int = Field(1000, ge=1, le=10000)
    trigger_word: str | None = Field(None, pattern=r"^[A-Z]{3,8}$")
    create_masks: bool = True
    learning_rate: float = Field(1e-4, gt=0)


class TrainingOutput(BaseModel):
    diffusers_lora_file: File
    config_file: File


class DepthControl(BaseModel):
    kind: Literal["depth"]
    depth_url: str
    strength: float = Field(1, ge=0, le=1)


class PoseControl(BaseModel):
    kind: Literal["pose"]
    points: list[tuple[float, float]]


class TaggedInput(BaseModel):
    control: Annotated[DepthControl | PoseControl, Field(discriminator="kind")]
    extra: DepthControl | PoseControl | None = None


class Folder(BaseModel):
    name: str
    children: list[Folder] = []
    parent: Folder | None = None


class TreeOutput(BaseModel):
    root: Folder


class GridInput(BaseModel):
    matrix: list[list[int]]
    nested: list[list[list[ImageSize]]] = []
    weights: dict[str, list[float]] = {}
    pair: tuple[int, str] = (1, "a")


class GridOutput(BaseModel):
    matrix: list[list[float]] = Field(min_length=2)


class FilesInput(BaseModel):
    archive: File
    attachments: list[File | str] = []
    callback: HttpUrl | None = None


class FilesOutput(BaseModel):
    archive: File
    report: File = Field(description="A JSON report")


class ScheduleInput(BaseModel):
    at: datetime
    every: float | None = Field(None, gt=0, multiple_of=0.5)
    tags: dict[str, str] = Field({}, max_length=3)


class ScheduleOutput(BaseModel):
    at: datetime
    id: str = Field(pattern=r"^job-[0-9]{4}$")


class StrictInput(BaseModel):
    model_config = {"extra": "forbid"}
    prompt: str
    options: ImageSize | None = None
    flag: bool


class AnyInput(BaseModel):
    payload: Any
    anything: dict[str, Any] = {}
    number: int | float = 1


class AnyOutput(BaseModel):
    payload: dict[str, Any]
    ok: Literal[True]


class MusicInput(BaseModel):
    lyrics: str = Field(min_length=10, max_length=600)
    genre: list[Literal["pop", "rock", "jazz"]] = Field(["pop"], min_length=1, max_length=2)
    bpm: int = Field(120, ge=40, le=240)


class MusicOutput(BaseModel):
    audio: File
    stems: list[File]


class UpscaleInput(BaseModel):
    image_url: str
    scale: Literal[2, 4] | float = 2
    size: ImageSize | int | None = None


class UpscaleOutput(BaseModel):
    image: Image


class BatchInput(BaseModel):
    inputs: list[FluxInput] = Field(min_length=1)
    priority: Literal["low", "high"] = "low"


class BatchOutput(BaseModel):
    results: list[ImagesOutput]


class AvatarInput(BaseModel):
    face: ImageSize | File | Literal["auto"]
    audio_urls: list[HttpUrl] = Field(max_length=2)
    expressions: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}


class AvatarOutput(BaseModel):
    video_url: str
    thumbnail_url: str | None = None
    seconds: float = Field(gt=0, lt=60)


ENDPOINTS: dict[str, tuple[type[BaseModel], type[BaseModel]]] = {
    "fal-ai/flux/dev": (FluxInput, ImagesOutput),
    "fal-ai/nano/edit": (EditInput, EditOutput),
    "fal-ai/kling-video/v2/text-to-video": (VideoInput, VideoOutput),
    "fal-ai/speech-01": (SpeechInput, SpeechOutput),
    "fal-ai/whisper": (WhisperInput, WhisperOutput),
    "fal-ai/trellis": (MeshInput, MeshOutput),
    "acme/chat": (LlmInput, LlmOutput),
    "fal-ai/moondream": (VisionInput, VisionOutput),
    "fal-ai/flux-lora-trainer": (TrainingInput, TrainingOutput),
    "acme/control": (TaggedInput, ImagesOutput),
    "acme/tree": (Folder, TreeOutput),
    "acme/grid": (GridInput, GridOutput),
    "acme/files": (FilesInput, FilesOutput),
    "acme/schedule": (ScheduleInput, ScheduleOutput),
    "acme/strict": (StrictInput, AnyOutput),
    "acme/any": (AnyInput, AnyOutput),
    "fal-ai/ace-step/music": (MusicInput, MusicOutput),
    "fal-ai/clarity-upscaler": (UpscaleInput, UpscaleOutput),
    "acme/batch": (BatchInput, BatchOutput),
    "acme/avatar": (AvatarInput, AvatarOutput),
}


def describe(
    endpoint: str, models: tuple[type[BaseModel], type[BaseModel]] | None = None
) -> dict[str, Any]:
    """The OpenAPI document of an endpoint, as fal publishes it."""
    input_model, output_model = models or ENDPOINTS[endpoint]
    schemas: dict[str, Any] = {"QueueStatus": {"type": "object", "properties": {}}}
    references = []
    for model, mode in ((input_model, "validation"), (output_model, "serialization")):
        schema = model.model_json_schema(
            ref_template="#/components/schemas/{model}",
            mode=mode,  # type: ignore[arg-type]
        )
        schemas |= schema.pop("$defs", {})
        name = model.__name__
        if "$ref" not in schema:  # a recursive model stands among its definitions
            schemas[name] = schema
        references.append({"$ref": f"#/components/schemas/{name}"})
    schemas = {name: _published(schema) for name, schema in sorted(schemas.items())}
    status = {"$ref": "#/components/schemas/QueueStatus"}
    return {
        "openapi": "3.0.4",
        "info": {
            "title": f"Queue OpenAPI for {endpoint}",
            "version": "1.0.0",
            "x-fal-metadata": {"endpointId": endpoint, "category": "text-to-image"},
        },
        "components": {"schemas": schemas},
        "paths": {
            f"/{endpoint}/requests/{{request_id}}/status": {"get": _responds(status)},
            f"/{endpoint}/requests/{{request_id}}/cancel": {"put": _responds(status)},
            f"/{endpoint}": {
                "post": {
                    "requestBody": {"required": True, "content": _json(references[0])},
                    **_responds(status),
                }
            },
            f"/{endpoint}/requests/{{request_id}}": {"get": _responds(references[1])},
        },
        "servers": [{"url": "https://queue.fal.run"}],
    }


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _responds(schema: Any) -> dict[str, Any]:
    return {"responses": {"200": {"description": "ok", "content": _json(schema)}}}


def _published(schema: dict[str, Any]) -> dict[str, Any]:
    """As fal publishes a model: in alphabetical order, without null where it is the default."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return schema
    published = {name: _without_null(inner) for name, inner in sorted(properties.items())}
    return {**schema, "properties": published, "x-fal-order-properties": list(properties)}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "default" not in schema or schema["default"] is not None or "anyOf" not in schema:
        return schema
    choices = [it for it in schema["anyOf"] if it != {"type": "null"}]
    plain = {name: value for name, value in schema.items() if name not in ("default", "anyOf")}
    return {**plain, **choices[0]} if len(choices) == 1 else {**plain, "anyOf": choices}
