"""Uploads on their way: begun, filled part by part, completed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
"""How long a presigned upload URL is good. Source: inferred."""


@dataclass(slots=True, eq=False)
class Upload:
    """An upload on its way. ``tags`` are the parts it was completed with; None before that.

    ``query`` is what its presigned URLs carry; empty for the ways that carry none.
    """

    id: str
    stored_url: StoredUrl
    request: UploadRequest
    lifecycle: Lifecycle
    is_multipart: bool
    query: str = ""
    parts: dict[int, Blob] = field(default_factory=dict)
    tags: tuple[PartTag, ...] | None = None


class Uploads:
    """The uploads of a tenant; at most as many as it may have files, the oldest go first."""

    def __init__(self, files: FileStore, secret: bytes, clock: Clock, limits: Limits) -> None:
        self._files = files
        self._secret = secret.hex()
        self._clock = clock
        self._limits = limits
        self._uploads: OrderedDict[str, Upload] = OrderedDict()

    def save(
        self,
        host: Host,
        request: UploadRequest,
        lifecycle: Lifecycle,
        blob: Blob,
        upload_method: str,
    ) -> StoredFile:
        """Keep a file that came at once."""
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
        """Begin an upload whose bytes come later.

        ``is_signed`` gives it a query that its URLs must carry.
        """
        upload_method = "parts" if is_multipart else "put"
        stored_url = self._files.new_url(host, request.name, request.content_type, upload_method)
        upload_id, _ = self._files.new_id("upload", stored_url.id)
        upload = Upload(upload_id, stored_url, request, lifecycle, is_multipart)
        if is_signed:
            expires_at = int(self._clock.now() + SIGNED_URL_SECONDS)
            upload.query = f"expires={expires_at}&signature={self._sign(upload_id, expires_at)}"
        self._uploads[upload_id] = upload
        if len(self._uploads) > self._limits.files:
            _, oldest = self._uploads.popitem(last=False)
            self._release(oldest)
        return upload

    def find(
        self, upload_id: str, parameters: Mapping[str, str] | None = None, file_id: str = ""
    ) -> Upload:
        """An upload by its id; raises the 404 of one that is not known.

        ``parameters`` are the query of a presigned URL, ``file_id`` that of the file whose URL it
        was found under; raises the 403 of a wrong or expired signature.
        """
        upload = self._uploads.get(upload_id)
        if upload is None or (file_id and upload.stored_url.id != file_id):
            raise file_not_found("there is no such upload")
        if parameters is not None and upload.query:
            self._check_signature(upload, parameters)
        return upload

    def put(self, upload: Upload, blob: Blob) -> StoredFile:
        """Take the bytes of an upload in one piece; a second time replaces them."""
        if upload.is_multipart:
            raise bad_upload("This upload takes its bytes in parts")
        return self._files.add(upload.stored_url, *upload.request, blob, upload.lifecycle)

    def put_part(self, upload: Upload, number: int, blob: Blob) -> str:
        """Take a part, in any order; a second time replaces it. Gives its etag."""
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
        """Join the parts that are listed, in the order of their numbers.

        Listing them in any order is good, and so is completing twice with the same list, as clients
        try again. Raises the 400 of a list that names no part, one twice, or one that did not come.
        """
        sorted_tags = tuple(sorted(tags))
        if upload.tags is not None:
            if sorted_tags != upload.tags:
                raise bad_upload("The upload was completed with other parts")
            return self._files.find(upload.stored_url.id)
        self._check_tags(upload, sorted_tags)
        parts = [upload.parts[tag.number] for tag in sorted_tags]
        self._release(upload)
        upload.tags = sorted_tags
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
        """Let go of the parts, which from now on a file holds or nobody."""
        self._files.pending_bytes -= sum(part.size for part in upload.parts.values())
        upload.parts = {}

    def _sign(self, upload_id: str, expires_at: int) -> str:
        return base62(digest(self._secret, upload_id, str(expires_at)), 32)

    def _check_signature(self, upload: Upload, parameters: Mapping[str, str]) -> None:
        expires_at = parameters.get("expires", "")
        is_well_formed = expires_at.isdecimal() and len(expires_at) < 15
        if not is_well_formed or parameters.get("signature") != self._sign(
            upload.id, int(expires_at)
        ):
            raise forbidden("the upload URL was changed: its query must survive")
        if self._clock.now() >= int(expires_at):
            raise forbidden(f"the upload URL expired at {iso(float(expires_at))}")


EMPTY_BLOB = MemoryBlob(b"")
"""What an upload without a body leaves behind."""
