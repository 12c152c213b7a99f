"""Stores the files of an output in the tenant's file store."""

from __future__ import annotations

from dataclasses import replace

from fakefal.engine.files.blobs import MemoryBlob
from fakefal.engine.files.store import FileStore
from fakefal.protocol.core.call import Call
from fakefal.protocol.storage.file_acl import read_lifecycle
from fakefal.scenario.compiled.media import CompiledMedia, is_text
from fakefal.scenario.compiled.reply import CompiledReply, RenderedOutcome
from fakefal.scenario.media.assets import Asset
from fakefal.scenario.render.file_refs import FileRefResolver


def file_refs_of(
    files: FileStore, media: CompiledMedia, call: Call, request_id: str, seconds: float
) -> FileRefResolver:
    """The resolver of the file references in one output.

    The reply or the call's lifecycle header sets how long the files live. ``seconds`` is how long
    the call takes, as a file's life begins with the end of the call. Raises the 400 of a malformed
    lifecycle header.
    """
    lifecycle = read_lifecycle(call.headers)
    if media.expires_seconds is not None:
        lifecycle = replace(lifecycle, expiration_seconds=media.expires_seconds)
    if lifecycle.expiration_seconds is not None:
        lifecycle = replace(lifecycle, expiration_seconds=lifecycle.expiration_seconds + seconds)

    def store_asset(asset: Asset, index: int) -> str:
        stored_url = files.new_url("v3b.fal.media", asset.name, request_id, str(index))
        files.add(
            stored_url,
            asset.name,
            asset.content_type,
            MemoryBlob(asset.data),
            lifecycle,
            "output",
            media.defect,
        )
        return stored_url.url

    return FileRefResolver(media, call, request_id, store_asset)


def file_refs_of_reply(
    files: FileStore,
    reply: CompiledReply,
    call: Call,
    request_id: str,
    rendered: RenderedOutcome,
    media: CompiledMedia | None,
) -> FileRefResolver | None:
    """The resolver for the output of a reply; None for an output without files.

    ``media`` are the files of an output that was made from a schema.
    """
    llm_api = call.endpoint.llm_api
    if media is None:
        media = reply.media
        if reply.is_endpoint_default and llm_api is None:
            media = with_guessed_kind(media, call)
    is_success = rendered.outcome.is_success or reply.workflow is not None
    if media is None or not is_success:
        return None
    if llm_api is not None and is_text(media):  # an LLM endpoint has its own output
        return None
    seconds = sum(step.seconds for step in reply.timeline if call.via == "queue")
    return file_refs_of(files, media, call, request_id, seconds)


def with_guessed_kind(media: CompiledMedia | None, call: Call) -> CompiledMedia | None:
    """The files of a reply; a missing kind is guessed from the name of the endpoint."""
    if media is not None and media.kind is not None:
        return media
    from fakefal.scenario.compiled.media import GENERATED_KINDS
    from fakefal.scenario.media.output_kinds import guess_kind

    kind = guess_kind(call.endpoint.text)
    if kind is None or media is None:
        return media if kind is None else GENERATED_KINDS[kind]
    return replace(media, kind=kind)
