from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

import pytest

from fakefal.ca.authority import Authority, write_atomically
from fakefal.ca.bundle import system_roots, write_bundle
from fakefal.errors import FakefalError


def test_it_contains_the_ca_and_the_system_roots(tmp_path: Path) -> None:
    made = Authority(tmp_path)
    path = write_bundle(made.path)
    assert path == made.path.with_name("bundle.pem")
    content = path.read_bytes()
    assert content.startswith(made.pem.rstrip())
    assert system_roots() in content
    context = ssl.create_default_context(cafile=path)
    assert len(context.get_ca_certs()) == 1 + system_roots().count(b"BEGIN CERTIFICATE")
    assert path.stat().st_mode & 0o777 == 0o644


def test_it_is_rewritten_only_when_it_changes(tmp_path: Path) -> None:
    made = Authority(tmp_path)
    first = write_bundle(made.path).stat()
    assert write_bundle(made.path).stat().st_ino == first.st_ino
    made.path.with_name("bundle.pem").write_text("changed", encoding="utf-8")
    assert write_bundle(made.path).read_bytes().startswith(made.pem.rstrip())


def test_an_unwritable_folder_leads_to_a_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Authority(tmp_path)

    def refused(path: Path, content: bytes) -> None:
        if path.parent == made.path.parent:
            raise PermissionError(13, "Permission denied")
        write_atomically(path, content)

    monkeypatch.setattr("fakefal.ca.bundle.write_atomically", refused)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = write_bundle(made.path)
    assert path.parent != made.path.parent
    assert path.read_bytes().startswith(made.pem.rstrip())


def test_without_system_roots_those_of_certifi_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")
    assert system_roots().count(b"BEGIN CERTIFICATE") > 50


def test_a_missing_certificate_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FakefalError, match="cannot write a CA bundle"):
        write_bundle(tmp_path / "ca.pem")
