"""For programs that start ``fakefal serve``: a line of JSON when it is ready, and a common end."""

from __future__ import annotations

import asyncio
import json
import os
import threading

from fakefal._version import __version__
from fakefal.server.server import FakeFalServer

_STDIN = 0
_CHUNK_BYTES = 4096


def ready_line(server: FakeFalServer) -> str:
    """One line of JSON: where the server listens, and the token of its control API.

    ``tls_url`` and ``token`` are null where there are none.
    """
    return json.dumps(
        {
            "kind": "ready",
            "version": __version__,
            "pid": os.getpid(),
            "url": server.url,
            "tls_url": server.tls_url or None,
            "proxy_url": server.proxy_url,
            "token": server.token,
        }
    )


def stop_at_end_of_stdin(stop_event: asyncio.Event) -> None:
    """Set the event when standard input ends; what is written to it is ignored.

    A thread reads it, as Windows has no asyncio reader for pipes of this kind; and with os.read,
    as a thread that waits in a buffered reader would hold its lock when the interpreter ends.
    """
    loop = asyncio.get_running_loop()

    def read() -> None:
        while True:
            try:
                if not os.read(_STDIN, _CHUNK_BYTES):
                    break
            except OSError:
                break
        try:
            loop.call_soon_threadsafe(stop_event.set)
        except RuntimeError:  # the server has stopped before
            return

    threading.Thread(target=read, name="fakefal-stdin", daemon=True).start()
