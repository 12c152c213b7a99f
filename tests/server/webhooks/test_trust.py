"""Whom the fake trusts over https."""

from __future__ import annotations

import ssl
from pathlib import Path
from shutil import rmtree

import pytest

from fakefal.ca.authority import Authority
from fakefal.errors import FakefalError
from fakefal.server.webhooks.trust import TrustStore


def local(context: ssl.SSLContext) -> int:
    """How many local CAs are trusted."""
    return sum("fakefal" in str(found["subject"]) for found in context.get_ca_certs())


def test_it_verifies_certificates_and_names(tmp_path: Path) -> None:
    context = TrustStore(tmp_path).context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert local(context) == 0
    assert not list(tmp_path.iterdir())


def test_a_ca_that_is_made_or_replaced_later_counts_and_nothing_is_read_twice(
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


def test_a_spoiled_ca_is_said(tmp_path: Path) -> None:
    path = Authority(tmp_path).path
    path.write_text("", encoding="utf-8")
    with pytest.raises(FakefalError, match="cannot read the local CA in"):
        TrustStore(tmp_path).context()
