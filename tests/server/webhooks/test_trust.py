"""The trust store for https receivers."""

from __future__ import annotations

import ssl
from pathlib import Path
from shutil import rmtree

import pytest

from fakefal.ca.authority import Authority
from fakefal.errors import FakefalError
from fakefal.server.webhooks.trust import TrustStore


def local(context: ssl.SSLContext) -> int:
    """The number of trusted local CAs."""
    return sum("fakefal" in str(certificate["subject"]) for certificate in context.get_ca_certs())


def test_it_verifies_certificates_and_names(tmp_path: Path) -> None:
    context = TrustStore(tmp_path).context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert local(context) == 0
    assert not list(tmp_path.iterdir())


def test_a_new_or_replaced_ca_is_loaded_once(
    tmp_path: Path,
) -> None:
    trust = TrustStore(tmp_path)
    before = trust.context()
    assert trust.context() is before
    made = Authority(tmp_path)
    then = trust.context()
    assert (then is before, local(then), trust.context() is then) == (False, 1, True)
    rmtree(made.path.parent)
    assert local(trust.context()) == 0
    Authority(tmp_path)
    assert then is not trust.context()


def test_an_unreadable_ca_is_reported(tmp_path: Path) -> None:
    path = Authority(tmp_path).path
    path.write_text("", encoding="utf-8")
    with pytest.raises(FakefalError, match="cannot read the local CA in"):
        TrustStore(tmp_path).context()
