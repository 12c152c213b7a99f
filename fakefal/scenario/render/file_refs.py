"""Replaces references to files in an output by file objects with URLs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

from fakefal.protocol.core.call import Call, Json
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.storage.storage import file_object
from fakefal.protocol.websocket.realtime import sends_image_bytes
from fakefal.scenario.compiled.media import CompiledMedia
from fakefal.scenario.compiled.reply import RenderedOutcome
from fakefal.scenario.media.assets import Asset, is_reference
from fakefal.scenario.media.output_kinds import FileRef, generate_output

StoreFile = Callable[[Asset, int], str]
"""Stores a file, given its index in the output, and returns its URL on fal's media host."""


class FileRefResolver:
    """Stores the files of one call and replaces their references, in the order of the output.

    Generated images get the id of the request as a comment. ``links``: the URLs so far.
    """

    def __init__(self, media: CompiledMedia, call: Call, request_id: str, store: StoreFile) -> None:
        self._media = media
        self._request_id = request_id
        self._call = call
        self._store = store
        self._numbers = count()
        self._urls: dict[Asset, str] = {}
        self.links: list[str] = []

    def resolve_outcome(self, rendered: RenderedOutcome, seed: int) -> RenderedOutcome:
        """The outcome with file objects in place of references and of generated files."""
        outcome = rendered.outcome
        kind = self._media.kind
        text = rendered.text
        if kind is None:
            body = self.resolve(outcome.body)
        else:
            body = self.resolve(
                generate_output(
                    kind,
                    self._call,
                    seed,
                    self._media.files,
                    text or "",
                    self._media.nsfw_concepts,
                )
            )
            body = self._with_request_id(body)
            text = None
        links = tuple(self.links)
        outcome = replace(outcome, body=body, payload=encode(body), file_urls=links)
        return replace(rendered, outcome=outcome, text=text)

    @property
    def _is_image_session(self) -> bool:
        return self._call.via == "realtime" and sends_image_bytes(self._call.endpoint.text)

    def _with_request_id(self, body: Json) -> Json:
        """A generated output with the caller's own ``request_id``, where the app gives it back."""
        input_ = self._call.input
        is_echoed = self._is_image_session and isinstance(input_, dict) and isinstance(body, dict)
        if not is_echoed or "request_id" not in input_:
            return body
        return {**body, "request_id": input_["request_id"]}

    def resolve_events(self, events: Iterator[Json]) -> Iterator[Json]:
        """The events of a stream with file objects in place of references."""
        return map(self.resolve, events)

    def resolve(self, value: Json) -> Json:
        """A value with file objects in place of references."""
        if isinstance(value, FileRef):
            return self._resolve_ref(value)
        if is_reference(value):
            return self._resolve_ref(self._file_ref(value))
        if isinstance(value, dict):
            return {key: self.resolve(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.resolve(inner) for inner in value]
        return value

    def _file_ref(self, reference: dict[str, Json]) -> FileRef | dict[str, Json]:
        asset = self._media.assets.get(reference["file"])
        if asset is None:  # only looks like a reference: a template rendered the name
            return reference
        form = reference.get("as")
        fields = {key: value for key, value in reference.items() if key not in ("file", "as")}
        return FileRef(asset, form if form in ("url", "data-uri") else "object", fields)

    def _resolve_ref(self, ref: FileRef | dict[str, Json]) -> Json:
        if isinstance(ref, dict):
            return ref
        asset = ref.asset
        if asset.is_generated:
            from fakefal.scenario.media.metadata import with_comment  # most calls generate none

            data = with_comment(asset.content_type, asset.data, self._request_id)
            asset = replace(asset, data=data)
        url = self._url(asset, ref)
        if ref.form != "object":
            return url
        size = asset.dimensions or (None, None)
        fields = file_object(url, asset.content_type, asset.name, len(asset.data), *size)
        return {**fields, **ref.fields}

    def _url(self, asset: Asset, ref: FileRef) -> str:
        """A URL, or a data URI for ``as: data-uri`` and with ``sync_mode`` in the input.

        Source: documented (docs/reference/storage.md#output-files).
        """
        input_ = self._call.input
        is_sync = isinstance(input_, dict) and input_.get("sync_mode") is True
        is_sync = is_sync or self._is_image_session
        if ref.form == "data-uri" or is_sync:
            return f"data:{asset.content_type};base64,{b64encode(asset.data).decode()}"
        if self._media.is_shared and asset in self._urls:
            return self._urls[asset]
        url = self._store(asset, next(self._numbers))
        self._urls[asset] = url
        self.links.append(url)
        return url
