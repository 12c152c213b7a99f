"""Puts the files of an output into the store of the caller's tenant."""

from __future__ import annotations

from dataclasses import replace

from fakefal.engine.files.blobs import Held
from fakefal.engine.files.store import Files
from fakefal.protocol.core.call import Call
from fakefal.protocol.storage.file_acl import read_lifecycle
from fakefal.scenario.media.assets import Asset
from fakefal.scenario.media.file_refs import MediaPlan, Placing


def placing_of(
    files: Files, media: MediaPlan, call: Call, request_id: str, seconds: float
) -> Placing:
    """What places the files of one answer; they live as long as the call or the reply says.

    ``seconds`` is how long the call takes: the life of a file begins at its end. Raises the 400 of
    a malformed lifecycle header.
    """
    lifecycle = read_lifecycle(call.headers)
    if media.expires_seconds is not None:
        lifecycle = replace(lifecycle, seconds=media.expires_seconds)
    if lifecycle.seconds is not None:
        lifecycle = replace(lifecycle, seconds=lifecycle.seconds + seconds)

    def put(asset: Asset, index: int) -> str:
        place = files.new_place("v3b.fal.media", asset.name, request_id, str(index))
        files.add(
            place,
            asset.name,
            asset.content_type,
            Held(asset.data),
            lifecycle,
            "output",
            media.mishap,
        )
        return place.url

    return Placing(media, call, request_id, put)
