"""Compiles ``kind``, ``files`` and ``media`` of a reply, and the file references in its outputs."""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.scenario.compiled.media import CompiledMedia
from fakefal.scenario.compiled.reply import Path
from fakefal.scenario.media.assets import Asset, references_of_reply
from fakefal.scenario.media.output_kinds import MAX_IMAGES
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.templates.templates import TemplateError


def compile_media(
    reply: Reply, path: Path, assets: Mapping[str, Asset], *, is_shared: bool = False
) -> CompiledMedia | None:
    """None for a reply without files; raises TemplateError for a file that is not an asset."""
    raw = {"output": reply.output, "files": reply.files}
    if reply.stream is not None:
        raw["stream"] = {"events": reply.stream.events}
    used = {}
    for ref_path, name in references_of_reply(raw, path):
        if name not in assets:
            raise TemplateError(ref_path, f'there is no file "{name}"', "check its name")
        used[name] = assets[name]
    if not used and reply.kind is None and reply.media is None:
        return None
    media = reply.media
    return CompiledMedia(
        reply.kind,
        tuple(used[name] for name in reply.files or ()),
        used,
        None if media is None else media.how,
        None if media is None else media.expires,
        is_shared,
        _nsfw_concepts(reply),
    )


def _nsfw_concepts(reply: Reply) -> tuple[bool, ...]:
    flags = reply.has_nsfw_concepts
    if isinstance(flags, bool):
        return (flags,) * MAX_IMAGES
    return tuple(flags or ())
