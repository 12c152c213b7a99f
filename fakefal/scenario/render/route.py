"""Renders the reply of a route for one request: status, headers, and bytes or chunks."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import encode, encode_ascii
from fakefal.protocol.core.route_request import RouteRequest
from fakefal.scenario.compiled.routes import CompiledChunk, CompiledRouteReply, CompiledStream
from fakefal.scenario.media.assets import Asset, is_reference
from fakefal.scenario.templates.templates import TemplateError, TemplateValue

_OCTETS = "application/octet-stream"

StoreAsset = Callable[[Asset], Json]
"""Stores a file and returns its file object, whose URL the caller can reach."""


@dataclass(frozen=True, slots=True)
class RouteChunk:
    """Bytes of a streamed body, and the seconds to wait before them."""

    wait_seconds: float
    data: bytes


@dataclass(frozen=True, slots=True)
class RenderedRoute:
    """A response. ``chunks`` None: the body is ``payload``; ``content_type`` empty: none is set."""

    status: int | None
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = ""
    payload: bytes = b""
    chunks: tuple[RouteChunk, ...] | None = None


def route_variables(
    request: RouteRequest, parameters: dict[str, str], request_id: str, count: int, seed: int
) -> dict[str, Any]:
    """The variables of the templates of a route."""
    return {
        "method": request.method,
        "host": request.host,
        "path": request.path,
        "params": parameters,
        "query": request.query,
        "headers": dict(request.headers),
        "json": request.json,
        "form": request.form or {},
        "body": request.text,
        "request_id": request_id,
        "count": count,
        "seed": seed,
    }


def render_route(
    reply: CompiledRouteReply, variables: dict[str, Any], store_asset: StoreAsset
) -> RenderedRoute:
    """The response of a reply; raises TemplateError."""
    if reply.fail is not None:
        outcome = reply.fail(variables)
        headers = (*outcome.headers, *_render_headers(reply, variables))
        content_type = reply.content_type or outcome.content_type
        return RenderedRoute(outcome.status, headers, content_type, outcome.payload)
    rendered = _render_body(reply, variables, store_asset)
    if reply.content_type is not None:
        rendered = replace(rendered, content_type=reply.content_type)
    status = reply.status if reply.is_builtin else reply.status or 200
    return replace(rendered, status=status, headers=_render_headers(reply, variables))


def _render_headers(
    reply: CompiledRouteReply, variables: dict[str, Any]
) -> tuple[tuple[str, str], ...]:
    if reply.headers is None:
        return ()
    headers = reply.headers.render(variables)
    return tuple(
        (name, value if isinstance(value, str) else encode(value).decode())
        for name, value in headers.items()
    )


def _render_body(
    reply: CompiledRouteReply, variables: dict[str, Any], store_asset: StoreAsset
) -> RenderedRoute:
    if reply.json is not None:
        value = reply.json.render(variables)
        if reply.assets:
            value = _with_files(value, dict(reply.assets), store_asset)
        return RenderedRoute(None, (), "application/json", encode(value))
    if reply.text is not None:
        text = _render_text(reply.text, variables)
        return RenderedRoute(None, (), "text/plain; charset=utf-8", text)
    if reply.file is not None:
        return RenderedRoute(None, (), reply.file.content_type, reply.file.data)
    if reply.base64 is not None:
        return RenderedRoute(None, (), _OCTETS, _render_base64(reply.base64, variables))
    if reply.stream is not None:
        content_type = "text/event-stream" if reply.stream.is_event_stream else _OCTETS
        chunks = tuple(_render_stream(reply.stream, variables))
        return RenderedRoute(None, (), content_type, chunks=chunks)
    return RenderedRoute(None)


def _with_files(value: Json, assets: dict[str, Asset], store_asset: StoreAsset) -> Json:
    """A value with file objects in place of references such as ``{"file": "cat.png"}``."""
    if is_reference(value) and value["file"] in assets:
        stored = store_asset(assets[value["file"]])
        if value.get("as") == "url":
            return stored["url"]
        return {**stored, **{key: inner for key, inner in value.items() if key not in _REFERENCE}}
    if isinstance(value, dict):
        return {key: _with_files(inner, assets, store_asset) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_files(inner, assets, store_asset) for inner in value]
    return value


_REFERENCE = ("file", "as")


def _render_text(value: TemplateValue, variables: dict[str, Any]) -> bytes:
    rendered = value.render(variables)
    text = rendered if isinstance(rendered, str) else encode(rendered).decode()
    return text.encode("utf-8", "replace")


def _render_base64(value: TemplateValue, variables: dict[str, Any]) -> bytes:
    rendered = value.render(variables)
    try:
        return base64.b64decode(rendered, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise TemplateError(value.path, "the template does not render base64") from None


def _render_stream(stream: CompiledStream, variables: dict[str, Any]) -> Iterator[RouteChunk]:
    wait, gap = stream.first_seconds, stream.every_seconds
    for chunk in stream.chunks:
        if chunk.value is None and not chunk.data:
            wait += chunk.pause_seconds
            continue
        data = _chunk_bytes(chunk, variables)
        size = stream.slice_bytes or len(data) or 1
        for start in range(0, max(len(data), 1), size):
            yield RouteChunk(wait, data[start : start + size])
            wait = gap
    if wait != gap:  # a pause at the end delays the end of the body
        yield RouteChunk(wait, b"")


def _chunk_bytes(chunk: CompiledChunk, variables: dict[str, Any]) -> bytes:
    if chunk.value is None:
        return chunk.data
    if chunk.kind == "text":
        return _render_text(chunk.value, variables)
    if chunk.kind == "base64":
        return _render_base64(chunk.value, variables)
    value = chunk.value.render(variables)
    if chunk.kind == "json":
        return encode(value) + b"\n"
    text = value if isinstance(value, str) else encode_ascii(value)
    name = f"event: {chunk.event_name}\n" if chunk.event_name else ""
    lines = "".join(f"data: {line}\n" for line in text.split("\n"))
    return f"{name}{lines}\n".encode("utf-8", "replace")
