"""Servers other than fal, as targets of the proxy: raw bytes, TLS, and HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fakefal.ca.authority import Authority
from tests.server.raw_http import SECONDS


@contextmanager
def running_listener(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port; each connection is passed to ``serve`` in its own thread, and then closed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, serve), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _accept(server: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection, serve), daemon=True).start()


def _serve(connection: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    with connection:
        connection.settimeout(SECONDS)
        with suppress(OSError):
            serve(connection)


def count_bytes(connection: socket.socket) -> None:
    """Read to EOF, then send the count and the last ten bytes: needs a half-closed socket."""
    count, last = 0, b""
    while piece := connection.recv(65_536):
        count, last = count + len(piece), (last + piece)[-10:]
    connection.sendall(b"%d %s" % (count, last))


def tls_echo(authority: Authority) -> Callable[[socket.socket], None]:
    """A server that echoes bytes over its own TLS."""

    def serve(connection: socket.socket) -> None:
        with authority.new_context("localhost").wrap_socket(connection, server_side=True) as tls:
            while piece := tls.recv(65_536):
                tls.sendall(piece)

    return serve


class _Website(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/moved":
            self._respond(302, b"", ("Location", "/there"))
        elif self.path == "/broken":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True
        elif self.path == "/chunks":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        else:
            lines = "\n".join(f"{name.lower()}: {value}" for name, value in self.headers.items())
            self._respond(200, f"{self.path}\n{lines}".encode(), ("Set-Cookie", "a=b"))

    do_HEAD = do_GET

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length)) if length is not None else self._chunks()
        self._respond(201, body + f" {length}".encode())

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _respond(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def website() -> Iterator[str]:
    """A website that echoes requests; yields its ``host:port``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Website)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
