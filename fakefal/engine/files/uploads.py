"""Uploads in progress: in one body, or in parts."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fakefal.engine.core.bounds import Bounds
from fakefal.engine.core.clock import Clock
from fakefal.engine.files.blobs import Blob, JoinedBlob, MemoryBlob
from fakefal.engine.files.store import FileStore, Host, StoredFile, StoredUrl, base62
from fakefal.protocol.core.json_codec import iso
from fakefal.protocol.storage.file_acl import Lifecycle
from fakefal.protocol.storage.storage import (
    MAX_PARTS,
    PartTag,
    UploadRequest,
    bad_upload,
    file_not_found,
    forbidden,
)
from fakefal.scenario.values.seeded import digest
from fakefal.settings import Limits

SIGNED_URL_SECONDS = 3600.0
"""How long a presigned upload URL is valid. Source: inferred."""

_SIGNATURE_LENGTH = 16
"""Source: recorded (docs/reference/open-questions.md#upload-initiate-response)."""


@dataclass(slots=True, eq=False)
class Upload:
    """An upload in progress. ``tags`` are the parts it was completed with; None before that.

    ``signature`` is what the query of its presigned URLs must have until ``expires_at``; empty
    where the URLs are not signed.
    """

    id: str
    stored_url: StoredUrl
    request: UploadRequest
    lifecycle: Lifecycle
    is_multipart: bool
    signature: str = ""
    expires_at: float = math.inf
    parts: dict[int, Blob] = field(default_factory=dict)
    tags: tuple[PartTag, ...] | None = None
    begun_at: float = 0.0
    is_done: bool = False


class Uploads:
    """The uploads of a tenant, at most ``limits.files``.

    Completed and expired ones are dropped, the oldest first; if all are unfinished, a new one is
    refused.
    """

    def __init__(self, files: FileStore, secret: bytes, clock: Clock, limits: Limits) -> None:
        self._files = files
        self._secret = secret.hex()
        self._clock = clock
        self._limits = limits
        self._uploads: OrderedDict[str, Upload] = OrderedDict()
        self.bounds = Bounds()

    def save(
        self,
        host: Host,
        request: UploadRequest,
        lifecycle: Lifecycle,
        blob: Blob,
        upload_method: str,
    ) -> StoredFile:
        """Store a file that was uploaded in one request."""
        stored_url = self._files.new_url(host, request.name, request.content_type, upload_method)
        return self._files.add(stored_url, *request, blob, lifecycle)

    def begin(
        self,
        host: Host,
        request: UploadRequest,
        lifecycle: Lifecycle,
        *,
        is_multipart: bool,
        is_signed: bool = False,
    ) -> Upload:
        """Begin an upload whose bytes come in later requests.

        With ``is_signed`` the URLs of these requests must carry a signature in their query; a whole
        file is then put to its own URL.
        """
        upload_method = "parts" if is_multipart else "put"
        self._make_room()
        stored_url = self._files.new_url(host, request.name, request.content_type, upload_method)
        upload_id, _ = self._files.new_id("upload", stored_url.id)
        if is_signed and not is_multipart:
            upload_id = stored_url.id  # the bytes are put to the URL of the file itself
        upload = Upload(upload_id, stored_url, request, lifecycle, is_multipart)
        upload.begun_at = self._clock.now()
        if is_signed:
            upload.expires_at = self._clock.later(self._clock.now(), SIGNED_URL_SECONDS)
            upload.signature = base62(digest(self._secret, upload_id), _SIGNATURE_LENGTH)
        self._uploads[upload_id] = upload
        return upload

    def clear(self) -> None:
        """Forget all uploads, which releases their bytes at once."""
        self._uploads.clear()

    @property
    def has_unfinished(self) -> bool:
        """Whether an upload was begun and is neither complete nor expired."""
        return any(self._is_alive(upload) for upload in self._uploads.values())

    def _is_alive(self, upload: Upload) -> bool:
        return not upload.is_done and self._clock.now() - upload.begun_at < SIGNED_URL_SECONDS

    def _make_room(self) -> None:
        if len(self._uploads) < self._limits.files:
            return
        oldest = next((it for it in self._uploads.values() if not self._is_alive(it)), None)
        if oldest is None:
            reason = f"all {len(self._uploads)} uploads of this key are unfinished"
            raise self.bounds.refuse("files", reason)
        del self._uploads[oldest.id]
        self._release(oldest)

    def find(
        self, upload_id: str, parameters: Mapping[str, str] | None = None, file_id: str = ""
    ) -> Upload:
        """An upload by its id; raises the 404 of an unknown one.

        ``parameters`` is the query of a presigned URL; raises the 403 of a wrong or expired
        signature. ``file_id``, if not empty, has to be the id of the upload's file.
        """
        upload = self._uploads.get(upload_id)
        if upload is None or (file_id and upload.stored_url.id != file_id):
            raise file_not_found("there is no such upload")
        if parameters is not None and upload.signature:
            self._check_signature(upload, parameters)
        return upload

    def put(self, upload: Upload, blob: Blob) -> StoredFile:
        """Store the bytes of an upload in one body; a second body replaces the first."""
        if upload.is_multipart:
            raise bad_upload("This upload takes its bytes in parts")
        upload.is_done = True
        return self._files.add(upload.stored_url, *upload.request, blob, upload.lifecycle)

    def put_part(self, upload: Upload, number: int, blob: Blob) -> str:
        """Store a part and return its ETag. Parts come in any order; a repeated one replaces it."""
        if not upload.is_multipart or not 1 <= number <= MAX_PARTS:
            raise bad_upload(f"Part number must be between 1 and {MAX_PARTS}")
        if upload.tags is not None:
            raise file_not_found("the upload is complete and takes no more parts")
        self._files.make_room(blob.size)
        replaced = upload.parts.get(number)
        self._files.pending_bytes += blob.size - (0 if replaced is None else replaced.size)
        upload.parts[number] = blob
        return blob.etag

    def complete(self, upload: Upload, tags: Sequence[PartTag]) -> StoredFile:
        """Join the listed parts in the order of their numbers.

        The list may have any order. Completing again with the same list succeeds, as clients retry.
        Raises the 400 of a list that is empty, or names a part twice or one that was not uploaded.
        """
        sorted_tags = tuple(sorted(tags))
        if upload.tags is not None:
            if sorted_tags != upload.tags:
                raise bad_upload("The upload was completed with other parts")
            return self._files.find(upload.stored_url.id)
        self._check_tags(upload, sorted_tags)
        parts = [upload.parts[tag.number] for tag in sorted_tags]
        self._release(upload)
        upload.tags, upload.is_done = sorted_tags, True
        blob = JoinedBlob(parts) if len(parts) > 1 else parts[0]
        return self._files.add(upload.stored_url, *upload.request, blob, upload.lifecycle)

    def _check_tags(self, upload: Upload, tags: Sequence[PartTag]) -> None:
        if not upload.is_multipart or not tags:
            raise bad_upload("The list of parts is empty")
        previous_number = 0
        for number, etag in tags:
            if number == previous_number:
                raise bad_upload(f"Part {number} is listed twice")
            previous_number = number
            part = upload.parts.get(number)
            if part is None:
                raise bad_upload(f"Part {number} was not uploaded")
            if part.etag != etag:
                raise bad_upload(f"Part {number} has another etag")

    def _release(self, upload: Upload) -> None:
        """Drop the parts; if a file was made of them, it holds the blobs."""
        self._files.pending_bytes -= sum(part.size for part in upload.parts.values())
        upload.parts = {}

    def _check_signature(self, upload: Upload, parameters: Mapping[str, str]) -> None:
        if parameters.get("signature") != upload.signature:
            raise forbidden("the upload URL has no valid signature; send its query unchanged")
        if self._clock.now() >= upload.expires_at:
            raise forbidden(f"the upload URL expired at {iso(upload.expires_at)}")


EMPTY_BLOB = MemoryBlob(b"")
"""The contents of an upload without a body."""
