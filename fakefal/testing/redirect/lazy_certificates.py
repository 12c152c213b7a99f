"""Postpones reading large certificate bundles until a TLS connection needs them.

A client reads the certificates of all public CAs when it is created (httpx) or connects (requests,
urllib), which takes longer than the rest of a test. Connections to the fake use no TLS.
"""

from __future__ import annotations

import ssl
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from fakefal.testing.redirect.environ import read_variable, set_variable

MIN_BUNDLE_BYTES = 64 * 1024
"""Smaller files are read at once: the CAs of users, and those of tests."""

_MAX_BUNDLES = 8
_LOAD: Any = ssl.SSLContext.load_verify_locations
_LOAD_DEFAULTS: Any = ssl.SSLContext.set_default_verify_paths
_PENDING = "_fakefal_pending"
_LOCK = threading.RLock()


@dataclass(frozen=True, slots=True)
class _Bundle:
    """A file that a context of this process has read without an error."""

    path: str
    version: tuple[int, int]
    content: bytes

    def load(self, context: ssl.SSLContext) -> None:
        """Read the file as it was when the context was created."""
        if _file_version(self.path) == self.version:
            _LOAD(context, self.path)
            return
        with tempfile.TemporaryDirectory(prefix="fakefal-") as folder:
            copy = Path(folder, "bundle.pem")
            copy.write_bytes(self.content)
            _LOAD(context, str(copy))


_bundles: dict[str, _Bundle] = {}


class PostponedContext(ssl.SSLContext):
    """The class of a context with postponed certificates, until something needs them.

    The class of the context itself changes, not ``ssl``: it also works after the redirection ends.
    Both ``wrap_socket`` and ``wrap_bio`` create real TLS objects through the methods below.
    """

    __slots__ = ()  # only a class of the same layout can be assigned

    def _wrap_socket(self, *args: Any, **kwargs: Any) -> Any:
        return _loaded(self)._wrap_socket(*args, **kwargs)

    def _wrap_bio(self, *args: Any, **kwargs: Any) -> Any:
        return _loaded(self)._wrap_bio(*args, **kwargs)

    def get_ca_certs(self, *args: Any, **kwargs: Any) -> Any:
        """Load what was postponed first."""
        return _loaded(self).get_ca_certs(*args, **kwargs)

    def cert_store_stats(self) -> dict[str, int]:
        """Load what was postponed first."""
        stats: dict[str, int] = _loaded(self).cert_store_stats()
        return stats


def open_lazy_certificates(patches: ExitStack) -> None:
    """Postpone the loading of client contexts until the stack is closed.

    The first load of a file happens at once, so that an invalid file raises its error as before.
    """
    for name, function in (
        ("load_verify_locations", _load_verify_locations),
        ("set_default_verify_paths", _set_default_verify_paths),
    ):
        patches.enter_context(mock.patch.object(ssl.SSLContext, name, function))


def _load_verify_locations(
    context: ssl.SSLContext, cafile: Any = None, capath: Any = None, cadata: Any = None
) -> None:
    if capath or cadata or not isinstance(cafile, str) or not _is_client(context):
        _LOAD(context, cafile, capath, cadata)
        return
    bundle = _bundles.get(cafile)
    if bundle is not None and bundle.version == _file_version(cafile):
        _postpone(context, bundle.load)
        return
    _LOAD(context, cafile)
    _remember(cafile)


def _set_default_verify_paths(context: ssl.SSLContext) -> None:
    path = ssl.get_default_verify_paths().cafile
    bundle = _bundles.get(path) if path else None
    if bundle is None or bundle.version != _file_version(bundle.path) or not _is_client(context):
        _LOAD_DEFAULTS(context)
        if path:
            _remember(path)
        return
    # OpenSSL reads these variables while it loads.
    variables = {name: read_variable(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")}

    def load(context: ssl.SSLContext) -> None:
        with ExitStack() as stack:
            for name, value in variables.items():
                if read_variable(name) != value:
                    set_variable(stack, name, value)
            _LOAD_DEFAULTS(context)

    _postpone(context, load)


def _is_client(context: ssl.SSLContext) -> bool:
    """Whether a context may wait: not one of another library's class, or of a server."""
    is_plain = type(context) in (ssl.SSLContext, PostponedContext)
    return is_plain and context.protocol == ssl.PROTOCOL_TLS_CLIENT


def _postpone(context: ssl.SSLContext, load: Callable[[ssl.SSLContext], None]) -> None:
    with _LOCK:
        vars(context).setdefault(_PENDING, []).append(load)
        context.__class__ = PostponedContext


def _loaded(context: ssl.SSLContext) -> Any:
    """The context with everything loaded, and of its own class again."""
    with _LOCK:
        for load in vars(context).get(_PENDING, ()):
            load(context)
        vars(context).pop(_PENDING, None)
        context.__class__ = ssl.SSLContext
    return context


def _remember(path: str) -> None:
    version = _file_version(path)
    if version is None or version[1] < MIN_BUNDLE_BYTES:
        return
    with _LOCK:
        if path not in _bundles and len(_bundles) >= _MAX_BUNDLES:
            del _bundles[next(iter(_bundles))]
        _bundles[path] = _Bundle(path, version, Path(path).read_bytes())


def _file_version(path: str) -> tuple[int, int] | None:
    try:
        stat = Path(path).stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
