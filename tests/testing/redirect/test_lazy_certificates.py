"""Large CA bundles are read when a connection needs them, and trust does not change."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import certifi
import httpx
import pytest
import trustme

from fakefal import FakeFal
from fakefal.testing.redirect.lazy_certificates import PostponedContext, open_lazy_certificates

TRUSTED, UNKNOWN = trustme.CA(), trustme.CA()


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    """The CAs of the world, and one more."""
    path = tmp_path / "bundle.pem"
    path.write_bytes(Path(certifi.where()).read_bytes() + TRUSTED.cert_pem.bytes())
    return str(path)


@pytest.fixture
def patches() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        open_lazy_certificates(stack)
        yield stack


def postponed(path: str) -> ssl.SSLContext:
    """A context of a client: the second one that reads this file."""
    ssl.create_default_context(cafile=path)
    context = ssl.create_default_context(cafile=path)
    assert isinstance(context, PostponedContext)
    return context


def connect(context: ssl.SSLContext, authority: trustme.CA, *, with_bio: bool = False) -> str:
    """The TLS version of a handshake with a real server that this CA has signed."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_context)
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            server_context.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with ours:
            if not with_bio:
                with context.wrap_socket(ours, server_hostname="localhost") as tls:
                    return tls.version() or ""
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls_object = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
            while True:
                try:
                    tls_object.do_handshake()
                    return tls_object.version() or ""
                except ssl.SSLWantReadError:
                    ours.sendall(outgoing.read())
                    incoming.write(ours.recv(65536))
    finally:
        thread.join()


@pytest.mark.parametrize("with_bio", [False, True])
def test_a_server_of_a_trusted_ca_is_accepted_and_of_an_unknown_one_refused(
    patches: ExitStack, bundle: str, with_bio: bool
) -> None:
    assert connect(postponed(bundle), TRUSTED, with_bio=with_bio).startswith("TLS")
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(postponed(bundle), UNKNOWN, with_bio=with_bio)


def test_a_context_connects_when_the_redirection_has_ended(bundle: str) -> None:
    with ExitStack() as stack:
        open_lazy_certificates(stack)
        contexts = postponed(bundle), postponed(bundle)
    assert connect(contexts[0], TRUSTED).startswith("TLS")
    assert type(contexts[0]) is ssl.SSLContext
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(contexts[1], UNKNOWN)


@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.write_bytes(b"changed")])
def test_a_file_that_has_changed_since_is_read_as_it_was(
    patches: ExitStack, bundle: str, change: object
) -> None:
    context = postponed(bundle)
    assert callable(change)
    change(Path(bundle))
    assert connect(context, TRUSTED).startswith("TLS")
    with pytest.raises((FileNotFoundError, ssl.SSLError)):
        ssl.create_default_context(cafile=bundle)


def test_the_certificates_of_a_context_can_be_listed(patches: ExitStack, bundle: str) -> None:
    eager = ssl.create_default_context(cafile=bundle)
    assert postponed(bundle).cert_store_stats() == eager.cert_store_stats()
    assert postponed(bundle).get_ca_certs() == eager.get_ca_certs() != []


def test_a_ca_that_is_added_later_is_trusted_too(patches: ExitStack, bundle: str) -> None:
    context = postponed(bundle)
    UNKNOWN.configure_trust(context)
    assert connect(context, UNKNOWN).startswith("TLS")
    assert connect(context, TRUSTED).startswith("TLS")


@pytest.mark.parametrize("cafile", ["small.pem", "missing.pem", "invalid.pem"])
def test_other_files_are_read_at_once(patches: ExitStack, tmp_path: Path, cafile: str) -> None:
    TRUSTED.cert_pem.write_to_path(tmp_path / "small.pem")
    (tmp_path / "invalid.pem").write_text("x" * 100_000)
    path = str(tmp_path / cafile)
    for _ in range(2):
        if cafile == "small.pem":
            assert type(ssl.create_default_context(cafile=path)) is ssl.SSLContext
            continue
        with pytest.raises((FileNotFoundError, ssl.SSLError)):
            ssl.create_default_context(cafile=path)


def test_the_default_certificates_wait_too_in_their_own_environment(
    patches: ExitStack, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", bundle)
    ssl.create_default_context()
    context = ssl.create_default_context()
    assert isinstance(context, PostponedContext)
    monkeypatch.delenv("SSL_CERT_FILE")
    assert connect(context, TRUSTED).startswith("TLS")


def test_a_context_of_a_server_is_not_postponed(patches: ExitStack, bundle: str) -> None:
    for _ in range(2):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_verify_locations(cafile=bundle)
        assert type(context) is ssl.SSLContext


def test_a_client_of_the_fake_loads_nothing(fakefal: FakeFal) -> None:
    httpx.create_ssl_context()
    fakefal.on("fal-ai/any-llm").text("x")
    context = httpx.create_ssl_context()
    headers = {"Authorization": f"Key {fakefal.key}"}
    with httpx.Client(verify=context, headers=headers) as client:
        response = client.post("https://fal.run/fal-ai/any-llm", json={"prompt": "x"})
    assert response.json()["output"] == "x"
    assert isinstance(context, PostponedContext)
