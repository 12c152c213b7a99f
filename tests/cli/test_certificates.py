"""Certificate files of a redirected program."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from fakefal.ca.authority import Authority
from fakefal.cli.certificates import write_certificates
from fakefal.errors import FakefalError


def subjects(path: Path) -> int:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path)
    return len(context.get_ca_certs())


def test_certificates_of_the_environment_are_included(tmp_path: Path) -> None:
    ours, corporate = Authority(tmp_path / "ours"), Authority(tmp_path / "corporate")
    environment = {
        "REQUESTS_CA_BUNDLE": str(corporate.path),
        "CURL_CA_BUNDLE": str(ours.path),
        "SSL_CERT_FILE": str(tmp_path / "none"),
        "NODE_EXTRA_CA_CERTS": str(corporate.path),
    }
    bundle, added = write_certificates(tmp_path / "new", ours.path, ours.path, environment)
    assert subjects(bundle) == subjects(added) == 2
    assert bundle.read_text(encoding="ascii").count("BEGIN CERTIFICATE") == 2


def test_without_such_variables_only_the_ca_is_added(tmp_path: Path) -> None:
    ours = Authority(tmp_path / "ours")
    bundle, added = write_certificates(tmp_path / "new", ours.path, ours.path, {})
    assert added.read_bytes().strip() == ours.pem.strip()
    assert subjects(bundle) == 1


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(FakefalError, match=r"^cannot write certificates to .*file/x: "):
        write_certificates(file / "x", file, file, {})
