"""Keeps a Python program from the real fal, and brings to the fake what knows no proxy.

A host of fal's that is looked up or connected to directly is refused and reported: the way to the
fake is the proxy of the environment. ``websockets`` before 15 knows no proxy, so its sockets are
opened through it here. Works on Python 3.8 and newer, with the standard library alone.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # that of typing, without its import: every Python under a run pays for it
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

DOMAINS = ("fal.run", "fal.ai", "fal.media", "falrun.com")
"""The domains of fal; a name below one is fal's as well."""

_LOOKUPS = ("socket.getaddrinfo", "socket.gethostbyname")
_WEBSOCKETS = ("websockets.sync.client", "websockets.asyncio.client", "websockets.legacy.client")
_PATCHED = (*_WEBSOCKETS, "uvloop")
_FRAMES = 8
_CONNECT_SECONDS = 10


class EscapeBlocked(RuntimeError):
    """A direct connection to fal, which fakefal does not let through.

    No OSError: clients try again for a minute after those, and hide the text.
    """


def is_fals(host: object) -> bool:
    """Whether a host name belongs to fal."""
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii", "replace")
    if not isinstance(host, str):
        return False
    name = host.rstrip(".").lower()
    return any(name == domain or name.endswith("." + domain) for domain in DOMAINS)


def install() -> None:
    """Guard this process from now on."""
    sys.addaudithook(_audit)
    sys.meta_path.insert(0, _Finder())


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _LOOKUPS:
        host, port = arguments[0], arguments[1] if len(arguments) > 1 else None
    elif event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1]:
        host, port = arguments[1][0], arguments[1][1] if len(arguments[1]) > 1 else None
    else:
        return
    if is_fals(host):
        refuse(_text(host), port, event)


def refuse(host: str, port: object, how: str) -> None:
    """Report an attempt and raise what the program gets for it."""
    target = f"{host}:{port}" if port not in (None, 0, "") else host
    _report(target, how)
    raise EscapeBlocked(
        f"fakefal refused a direct connection to {target}: fal is reached through the proxy of "
        "the environment (HTTPS_PROXY), which this code does not use"
    )


def _report(target: str, how: str) -> None:
    """Append a line to the file of escapes; a full disk does not let the attempt through."""
    path = os.environ.get("FAKEFAL_ESCAPES")
    if not path:
        return
    import json

    record = {
        "target": target,
        "by": "Python",
        "how": how,
        "pid": os.getpid(),
        "command": _command(),
        "stack": _stack(),
    }
    line = (json.dumps(record) + "\n").encode()
    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(file, line)
        finally:
            os.close(file)
    except OSError:
        return


def _command() -> list[str]:
    arguments = getattr(sys, "orig_argv", None)  # from 3.10
    return list(arguments or [sys.executable, *getattr(sys, "argv", [])])


def _stack() -> list[str]:
    """Who called, the innermost last: ``app.py:12 in ask``; not this file."""
    import traceback

    frames = [frame for frame in traceback.extract_stack() if frame.filename != __file__]
    return [f"{it.filename}:{it.lineno} in {it.name}" for it in frames[-_FRAMES:]]


def _text(host: object) -> str:
    return bytes(host).decode("ascii", "replace") if isinstance(host, bytes) else str(host)


# Libraries that the audit hook cannot see, or that know no proxy


class _Finder:
    """Lets a few modules that open sockets be found as ever, and patches them."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname not in _PATCHED:
            return None
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)  # type: ignore[assignment]  # it has all they call
        return spec


class _Loader:
    def __init__(self, real: Any) -> None:
        self._real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._real.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._real.exec_module(module)
        try:
            _patch(module)
        except Exception as error:
            sys.stderr.write(f"fakefal: {module.__name__} is as it was: {error!r}\n")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)  # get_source and the like


def _patch(module: ModuleType) -> None:
    if module.__name__ == "uvloop":
        _patch_loop(module.__dict__["Loop"])
    else:
        _patch_websockets(module)


def _patch_loop(loop: Any) -> None:
    """Refuse what uvloop would look up by itself, without an event for audit hooks."""
    real, lookup = loop.create_connection, loop.getaddrinfo

    async def create_connection(
        self: Any, factory: Any, host: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        if is_fals(host):
            refuse(_text(host), args[0] if args else kwargs.get("port"), "uvloop")
        return await real(self, factory, host, *args, **kwargs)

    async def getaddrinfo(self: Any, host: Any, *args: Any, **kwargs: Any) -> Any:
        if is_fals(host):
            refuse(_text(host), args[0] if args else kwargs.get("port"), "uvloop")
        return await lookup(self, host, *args, **kwargs)

    loop.create_connection, loop.getaddrinfo = create_connection, getaddrinfo


def _patch_websockets(module: ModuleType) -> None:
    """Make a module of ``websockets`` take a socket through the proxy, if it knows no proxies."""
    version = sys.modules["websockets"].__dict__.get("__version__") or _version()
    if int(str(version).split(".")[0]) >= 15:
        return
    connect = module.__dict__["connect"]
    if module.__name__ == "websockets.sync.client":
        module.__dict__["connect"] = _with_proxy_socket(connect)
    else:
        connect.__init__ = _with_proxy_socket(connect.__init__, 1)


def _version() -> str:
    from importlib.metadata import version

    return version("websockets")


def _with_proxy_socket(real: Callable[..., Any], skipped: int = 0) -> Callable[..., Any]:
    """``connect(uri, …)`` that opens its socket to a host of fal's through the proxy."""
    import functools

    @functools.wraps(real)
    def connect(*arguments: Any, **options: Any) -> Any:
        uri = arguments[skipped] if len(arguments) > skipped else options.get("uri")
        options.update(_socket_for(uri, options))
        return real(*arguments, **options)

    return connect


def _socket_for(uri: object, options: dict[str, Any]) -> dict[str, Any]:
    from urllib.parse import urlsplit

    proxy = os.environ.get("FAKEFAL_URL")
    parts = urlsplit(uri) if isinstance(uri, str) else None
    if not proxy or parts is None or not is_fals(parts.hostname):
        return {}
    if options.keys() & {"sock", "host", "port", "unix"}:
        return {}
    assert parts.hostname is not None
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    return {"sock": _tunnel(proxy, parts.hostname, port)}


def _tunnel(proxy: str, host: str, port: int) -> socket.socket:
    """A socket that the proxy has connected to a host; raises ConnectionError."""
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(proxy)
    sock = socket.create_connection((parts.hostname, parts.port or 80), _CONNECT_SECONDS)
    try:
        sock.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = sock.recv(1)  # not one more: what follows is the host's
            if not byte:
                raise ConnectionError(f"fakefal closed the way to {host}:{port}")
            head += byte
        if head.split(None, 2)[1] != b"200":
            raise ConnectionError(f"fakefal answered {head.splitlines()[0]!r} for {host}:{port}")
        sock.settimeout(None)
        return sock
    except BaseException:
        sock.close()
        raise
