"""The local CA, and handshakes with its certificates."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fakefal.ca.authority import Authority, certificate_path
from fakefal.errors import FakefalError

PRINT_PEM = (
    "import sys, pathlib; from fakefal.ca.authority import Authority; "
    "print(Authority(pathlib.Path(sys.argv[1])).pem.decode())"
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def shake_hands(server: ssl.SSLContext, pem: bytes, name: str) -> ssl.SSLObject:
    """A handshake in memory; returns the client's side. Raises the client's error."""
    client = ssl.create_default_context(cadata=pem.decode())
    client.set_alpn_protocols(["h2", "http/1.1"])
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(back, there, server_hostname=name)
    far = server.wrap_bio(there, back, server_side=True)
    for side in (near, far, near, far):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return near


@pytest.mark.parametrize("name", ["queue.fal.run", "127.0.0.1", "::1", "bücher.example"])
def test_clients_that_trust_the_ca_accept_its_certificates(authority: Authority, name: str) -> None:
    near = shake_hands(authority.context_for_host(name), authority.pem, name)
    assert near.version() in ("TLSv1.2", "TLSv1.3")
    assert near.selected_alpn_protocol() == "http/1.1"


def test_a_certificate_is_valid_only_for_its_names(authority: Authority) -> None:
    context = authority.new_context("localhost", "127.0.0.1")
    for name in ("localhost", "127.0.0.1"):
        assert shake_hands(context, authority.pem, name).version()
    with pytest.raises(ssl.SSLCertVerificationError, match=r"not valid for 'fal\.run'"):
        shake_hands(context, authority.pem, "fal.run")


def test_clients_that_do_not_trust_the_ca_reject_its_certificates(
    authority: Authority, tmp_path: Path
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(authority.context_for_host("fal.run"), Authority(tmp_path).pem, "fal.run")


def test_an_issued_certificate_loads_in_a_server(authority: Authority, tmp_path: Path) -> None:
    path = tmp_path / "receiver.pem"
    path.write_bytes(authority.issue("localhost"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    assert shake_hands(context, authority.pem, "localhost").version()


def test_contexts_are_cached_up_to_a_limit(authority: Authority) -> None:
    first = authority.context_for_host("a.test")
    assert authority.context_for_host("a.test") is first
    for number in range(255):
        authority.context_for_host(f"{number}.test")
    assert authority.context_for_host("a.test") is first
    authority.context_for_host("one.more.test")
    assert authority.context_for_host("a.test") is first


@pytest.mark.parametrize("name", ["", "10.0.0.0/8", "a@b.test", "a..b", "x" * 64, "a b"])
def test_invalid_certificate_names_are_rejected(authority: Authority, name: str) -> None:
    with pytest.raises(FakefalError, match="invalid certificate name"):
        authority.issue(name)


def test_it_is_created_once_and_then_read(tmp_path: Path) -> None:
    home = tmp_path / "not" / "there"
    made = Authority(home)
    assert made.path == certificate_path(home)
    assert made.path.read_bytes() == made.pem
    again = Authority(home)
    assert again.pem == made.pem
    assert shake_hands(again.context_for_host("fal.run"), made.pem, "fal.run").version()
    assert os.listdir(home) == ["ca"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_owner_can_read_its_key(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        made = Authority(tmp_path)
    finally:
        os.umask(mask)
    key = made.path.with_name("ca.key")
    assert key.stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE KEY" in key.read_bytes()
    assert b"PRIVATE KEY" not in made.path.read_bytes() + made.pem


def test_concurrent_programs_create_a_single_ca(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PRINT_PEM, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: Authority(tmp_path).pem, range(8)))
    for process in processes:
        printed = process.communicate(timeout=60)[0].replace(b"\r", b"")
        made.add(printed.rstrip(b"\n") + b"\n")
    assert made == {certificate_path(tmp_path).read_bytes()}
    assert os.listdir(tmp_path) == ["ca"]


@pytest.mark.parametrize("file", ["ca.pem", "ca.key"])
@pytest.mark.parametrize("damage", ["gone", "nonsense", "empty"])
def test_an_unusable_ca_is_reported_and_not_replaced(
    tmp_path: Path, file: str, damage: str
) -> None:
    path = Authority(tmp_path).path.with_name(file)
    path.unlink()
    if damage != "gone":
        path.write_text("nonsense" if damage == "nonsense" else "", encoding="utf-8")
    with pytest.raises(FakefalError, match="contains no usable CA — delete it"):
        Authority(tmp_path)
    assert os.listdir(tmp_path) == ["ca"]


def test_an_unwritable_folder_is_reported(tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.write_text("", encoding="utf-8")
    with pytest.raises(FakefalError, match=r"cannot create a local CA in .* FAKEFAL_HOME"):
        Authority(home)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_key_that_others_can_use_is_refused(tmp_path: Path) -> None:
    Authority(tmp_path)
    key = tmp_path / "ca" / "ca.key"
    for mode in (0o666, 0o644, 0o620):
        key.chmod(mode)
        with pytest.raises(FakefalError, match=rf"mode {mode:04o}\) — run chmod 600 "):
            Authority(tmp_path)
    key.chmod(0o640)
    Authority(tmp_path)


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    Authority(tmp_path / "a")
    Authority(tmp_path / "b")
    (tmp_path / "b" / "ca" / "ca.key").replace(tmp_path / "a" / "ca" / "ca.key")
    with pytest.raises(FakefalError, match=r"ca\.key is not the key of the certificate"):
        Authority(tmp_path / "a")
