"""``fakefal ca``."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from fakefal.ca.authority import Authority
from tests.cli.running import fakefal


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FAKEFAL_HOME", str(tmp_path))


def test_the_path_is_printed_and_how_to_trust_it(tmp_path: Path) -> None:
    path = tmp_path / "ca" / "ca.pem"
    for _ in range(2):
        ran = fakefal("ca")
        assert (ran.code, ran.out) == (0, f"{path}\n")
        assert ran.err.startswith(f"trust it: NODE_EXTRA_CA_CERTS={path} (Node), ")
        assert ran.err.count("\n") == 1
    assert path.is_file()


def test_pem_prints_the_certificate() -> None:
    ran = fakefal("ca", "--pem")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("-----BEGIN CERTIFICATE-----\n")
    assert "PRIVATE" not in ran.out


def test_issue_prints_a_certificate_that_a_server_loads(tmp_path: Path) -> None:
    ran = fakefal("ca", "--issue", "localhost", "--issue", "127.0.0.1")
    assert (ran.code, ran.err) == (0, "")
    path = tmp_path / "receiver.pem"
    path.write_text(ran.out, encoding="utf-8")
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(path)


def test_errors_are_one_line(tmp_path: Path) -> None:
    assert fakefal("ca", "--issue", "a b") == (
        2,
        "",
        'invalid certificate name "a b" — use host names or IP addresses\n',
    )
    both = fakefal("ca", "--pem", "--issue", "localhost")
    assert (both.code, both.out) == (2, "")
    assert both.err.startswith("--pem, --issue and --install exclude each other")
    Authority(tmp_path).path.unlink()
    spoiled = fakefal("ca")
    assert (spoiled.code, spoiled.out) == (2, "")
    assert "contains no usable CA" in spoiled.err


def test_the_install_commands_of_each_system_are_printed(tmp_path: Path) -> None:
    ran = fakefal("ca", "--install")
    assert ran.code == 0
    path = tmp_path / "ca" / "ca.pem"
    assert f"sudo cp {path} /usr/local/share/ca-certificates/fakefal.crt" in ran.out
    for word in ("macOS", "Windows", "Fedora", "Java", "# a system that trusts this CA"):
        assert word in ran.out
