"""A certificate of the local CA that lasts longer, for the same key and name."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from fakefal.ca.validity import now

_LIFE = timedelta(days=3650)


def ends_at(pem: bytes) -> datetime:
    """Until when a certificate is good; raises ValueError for what is none."""
    until = x509.load_pem_x509_certificate(pem).not_valid_after_utc
    return until.replace(tzinfo=timezone.utc)


def renewed(pem: bytes, key_pem: bytes) -> bytes:
    """The same certificate, good for ten years from now.

    Raises ValueError if it is not signed by its own key: then it is another's to renew.
    """
    old = x509.load_pem_x509_certificate(pem)
    key = serialization.load_pem_private_key(key_pem, None)
    if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        raise ValueError("a key of another kind")
    if old.issuer != old.subject or old.public_key() != key.public_key():
        raise ValueError("signed by somebody else")
    at = now().replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(old.issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(old.not_valid_before_utc, at))
        .not_valid_after(at + _LIFE)
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
