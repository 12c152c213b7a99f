"""Renews the certificate of the local CA, with the same key and name."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from fakefal.ca.validity import now

_VALIDITY = timedelta(days=3650)


def expires_at(pem: bytes) -> datetime:
    """The end of a certificate's validity; raises ValueError if it is not a certificate."""
    expiry = x509.load_pem_x509_certificate(pem).not_valid_after_utc
    return expiry.replace(tzinfo=timezone.utc)


def renew_certificate(pem: bytes, key_pem: bytes) -> bytes:
    """The certificate, valid for ten years from now.

    Raises ValueError if it is not signed with this key: then somebody else must renew it.
    """
    certificate = x509.load_pem_x509_certificate(pem)
    key = serialization.load_pem_private_key(key_pem, None)
    if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        raise ValueError("unsupported key type")
    if certificate.issuer != certificate.subject or certificate.public_key() != key.public_key():
        raise ValueError("not self-signed with this key")
    renewed_at = now().replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(certificate.issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(certificate.not_valid_before_utc, renewed_at))
        .not_valid_after(renewed_at + _VALIDITY)
    )
    for extension in certificate.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def is_key_of(pem: bytes, key_pem: bytes) -> bool:
    """Whether a private key belongs to a certificate; raises ValueError if one is unreadable."""
    key = serialization.load_pem_private_key(key_pem, None)
    certificate_key = x509.load_pem_x509_certificate(pem).public_key()
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key.public_key().public_bytes(*form) == certificate_key.public_bytes(*form)
