"""Keeps a Python program from the real fal, and adds proxy support to old ``websockets``.

Lookups of and direct connections to fal's hosts are blocked and reported: programs reach the fake
through the proxy of the environment. ``websockets`` before 15 does not support proxies, so its
sockets are opened through the proxy here. Python 3.8 and newer, standard library only.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # mypy treats it as typing's, whose import would slow every Python start
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

DOMAINS = ("fal.run", "fal.ai", "fal.media", "falrun.com")
"""fal's domains, subdomains included; the same as in protocol/core/hosts.py and hosts.cjs."""

_LOOKUPS = ("socket.getaddrinfo", "socket.gethostbyname")
_WEBSOCKETS = ("websockets.sync.client", "websockets.asyncio.client", "websockets.legacy.client")
_PATCHED = (*_WEBSOCKETS, "uvloop")
_FRAMES = 8
_CONNECT_SECONDS = 10


class EscapeBlocked(RuntimeError):
    """A direct connection to fal was blocked.

    Not an OSError: clients retry those for up to a minute, and hide their text.
    """


def is_fal_host(host: object) -> bool:
    """Whether a host name (str or bytes) is one of fal's domains or below one."""
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii", "replace")
    if not isinstance(host, str):
        return False
    name = host.rstrip(".").lower()
    return any(name == domain or name.endswith("." + domain) for domain in DOMAINS)


def install() -> None:
    """Install an audit hook, and a finder that patches what the hook cannot see.

    Audit hooks (PEP 578) cannot be removed.
    """
    sys.addaudithook(_audit)
    sys.meta_path.insert(0, _Finder())


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _LOOKUPS:
        host, port = arguments[0], arguments[1] if len(arguments) > 1 else None
    elif event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1]:
        host, port = arguments[1][0], arguments[1][1] if len(arguments[1]) > 1 else None
    else:
        return
    if is_fal_host(host):
        block(_text(host), port, event)


def block(host: str, port: object, how: str) -> None:
    """Report an attempt, and raise EscapeBlocked."""
    target = f"{host}:{port}" if port not in (None, 0, "") else host
    _report(target, how)
    if "FAKEFAL_URL" not in os.environ:
        raise EscapeBlocked(
            f"fakefal blocked a connection to {target}: no fake runs in the test that started this "
            "process, or gave it this task"
        )
    raise EscapeBlocked(
        f"fakefal blocked a direct connection to {target}: fal is reached through the proxy of "
        "the environment (HTTPS_PROXY), which this code does not use"
    )


def _report(target: str, how: str) -> None:
    """Append a line to the file of escapes; errors of the file do not unblock the attempt."""
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
    arguments = getattr(sys, "orig_argv", None)  # new in Python 3.10
    return list(arguments or [sys.executable, *getattr(sys, "argv", [])])


def _stack() -> list[str]:
    """The innermost frames, last the caller: ``app.py:12 in send``; without this file."""
    import traceback

    frames = [frame for frame in traceback.extract_stack() if frame.filename != __file__]
    return [f"{it.filename}:{it.lineno} in {it.name}" for it in frames[-_FRAMES:]]


def _text(host: object) -> str:
    return bytes(host).decode("ascii", "replace") if isinstance(host, bytes) else str(host)


class _Finder:
    """Finds uvloop, whose C code raises no audit events, and websockets, and patches them."""

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
            spec.loader = _Loader(spec.loader)  # type: ignore[assignment]  # delegates the rest
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
            sys.stderr.write(f"fakefal: {module.__name__} cannot be patched: {error!r}\n")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)  # get_source and the like


def _patch(module: ModuleType) -> None:
    if module.__name__ == "uvloop":
        _patch_loop(module.__dict__["Loop"])
    else:
        _patch_websockets(module)


def _patch_loop(loop: Any) -> None:
    """Block lookups and connections of uvloop, which raises no audit events for them."""
    real, lookup = loop.create_connection, loop.getaddrinfo

    async def create_connection(
        self: Any, factory: Any, host: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        if is_fal_host(host):
            block(_text(host), args[0] if args else kwargs.get("port"), "uvloop")
        return await real(self, factory, host, *args, **kwargs)

    async def getaddrinfo(self: Any, host: Any, *args: Any, **kwargs: Any) -> Any:
        if is_fal_host(host):
            block(_text(host), args[0] if args else kwargs.get("port"), "uvloop")
        return await lookup(self, host, *args, **kwargs)

    loop.create_connection, loop.getaddrinfo = create_connection, getaddrinfo


def _patch_websockets(module: ModuleType) -> None:
    """Patch ``connect`` of a ``websockets`` module, if the version does not support proxies."""
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
    """``connect(uri, …)`` with a socket through the proxy, if the host is one of fal's.

    ``skipped`` is the number of arguments before ``uri``.
    """
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
    if not proxy or parts is None or not is_fal_host(parts.hostname):
        return {}
    if options.keys() & {"sock", "host", "port", "unix"}:
        return {}
    assert parts.hostname is not None
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    return {"sock": _tunnel(proxy, parts.hostname, port)}


def _tunnel(proxy: str, host: str, port: int) -> socket.socket:
    """A socket with an open CONNECT tunnel to a host (RFC 9110 section 9.3.6).

    Raises ConnectionError.
    """
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(proxy)
    sock = socket.create_connection((parts.hostname, parts.port or 80), _CONNECT_SECONDS)
    try:
        sock.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = sock.recv(1)  # one at a time: bytes after the header belong to the tunnel
            if not byte:
                raise ConnectionError(f"fakefal closed the tunnel to {host}:{port}")
            head += byte
        if head.split(None, 2)[1] != b"200":
            raise ConnectionError(f"fakefal answered {head.splitlines()[0]!r} for {host}:{port}")
        sock.settimeout(None)
        return sock
    except BaseException:
        sock.close()
        raise
