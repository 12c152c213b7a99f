"""The trust store for https receivers: the system's roots and the local CA."""

from __future__ import annotations

import ssl
from pathlib import Path

from fakefal.ca.authority import certificate_path
from fakefal.errors import FakefalError

_Stamp = tuple[int, int, int]


class TrustStore:
    """Provides the TLS context; reloads the local CA when it is created or replaced."""

    def __init__(self, home: Path) -> None:
        self._path = certificate_path(home)
        self._context: ssl.SSLContext | None = None
        self._stamp: _Stamp | None = None

    def context(self) -> ssl.SSLContext:
        """The context to verify receivers with; raises FakefalError for an unreadable CA."""
        stamp = self._read_stamp()
        if self._context is None or stamp != self._stamp:
            context = ssl.create_default_context()
            if stamp is not None:
                self._add_local_ca(context)
            self._context, self._stamp = context, stamp
        return self._context

    def _read_stamp(self) -> _Stamp | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _add_local_ca(self, context: ssl.SSLContext) -> None:
        try:
            context.load_verify_locations(self._path)
        except OSError as error:
            reason = error.strerror or str(error)
            raise FakefalError(f"cannot read the local CA in {self._path}: {reason}") from None
