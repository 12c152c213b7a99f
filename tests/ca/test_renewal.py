from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from fakefal.ca.authority import Authority
from fakefal.ca.renewal import expires_at, is_key_of, renew_certificate
from fakefal.ca.validity import expires_soon, now
from fakefal.errors import FakefalError
from tests.ca.test_authority import shake_hands


def make_expiring(authority: Authority, days: int) -> bytes:
    """Replace the certificate of a CA by one that expires in ``days``."""
    old = x509.load_pem_x509_certificate(authority.pem)
    key = serialization.load_pem_private_key(authority.path.with_name("ca.key").read_bytes(), None)
    builder = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(old.issuer)
        .public_key(old.public_key())
        .serial_number(old.serial_number)
        .not_valid_before(old.not_valid_before_utc)
        .not_valid_after(now() + timedelta(days=days))
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    signed = builder.sign(key, hashes.SHA256())  # type: ignore[arg-type] # it is of a kind that signs
    return signed.public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize("days", [-1, 20])
def test_an_expiring_certificate_is_renewed_and_both_are_trusted(tmp_path: Path, days: int) -> None:
    before = Authority(tmp_path)
    before.path.write_bytes(make_expiring(before, days))
    old = before.path.read_bytes()
    after = Authority(tmp_path)
    assert after.pem == after.path.read_bytes() != old
    assert not expires_soon(expires_at(after.pem))
    assert shake_hands(before.context_for_host("fal.run"), after.pem, "fal.run").version()
    if days > 0:
        assert shake_hands(after.context_for_host("fal.run"), old, "fal.run").version()
    assert Authority(tmp_path).pem == after.pem
    assert sorted(path.name for path in after.path.parent.iterdir()) == ["ca.key", "ca.pem"]


def test_a_certificate_that_does_not_expire_soon_is_not_renewed(tmp_path: Path) -> None:
    made = Authority(tmp_path)
    assert Authority(tmp_path).pem == made.pem


def test_a_certificate_signed_with_another_key_is_not_renewed(tmp_path: Path) -> None:
    made, other = Authority(tmp_path / "a"), Authority(tmp_path / "b")
    with pytest.raises(ValueError, match="not self-signed"):
        renew_certificate(made.pem, other.path.with_name("ca.key").read_bytes())
    made.path.write_bytes(make_expiring(made, -1))
    made.path.with_name("ca.key").write_bytes(other.path.with_name("ca.key").read_bytes())
    with pytest.raises(FakefalError, match="is not the key of the certificate"):
        Authority(tmp_path / "a")


def test_an_invalid_certificate_has_no_expiry() -> None:
    with pytest.raises(ValueError, match=r"."):
        expires_at(b"nonsense")


def test_a_key_is_compared_with_its_certificate() -> None:
    one, other = trustme.CA(), trustme.CA()
    assert is_key_of(one.cert_pem.bytes(), one.private_key_pem.bytes())
    assert not is_key_of(one.cert_pem.bytes(), other.private_key_pem.bytes())
