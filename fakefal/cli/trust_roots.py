"""Keeps aiohttp from reading the system's certificates at import.

aiohttp then makes two TLS contexts that trust the system's roots, which takes a fifth of a start.
fakefal's own clients bring their own contexts, when they need one.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def unread_roots() -> Iterator[None]:
    """TLS contexts made in the block trust nobody, whatever they load.

    Only for a process of our own, while a command is imported: a program that embeds fakefal may
    use aiohttp's contexts.
    """
    if "aiohttp" in sys.modules or "set_default_verify_paths" in vars(ssl.SSLContext):
        yield
        return
    context_class: Any = ssl.SSLContext
    context_class.set_default_verify_paths = lambda _: None
    try:
        yield
    finally:
        del context_class.set_default_verify_paths
