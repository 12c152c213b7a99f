"""A CA bundle with the local CA and the system's roots.

``SSL_CERT_FILE`` and similar variables replace the roots of a program: with the local CA alone it
could reach no other host (docs/reference/clients.md#proxy-and-ca-variables).
"""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

from fakefal.ca.authority import write_atomically
from fakefal.errors import FakefalError

_FILE_NAME = "bundle.pem"


def write_bundle(certificate: Path) -> Path:
    """Write the bundle beside the CA's certificate, or if that is not writable to a temporary
    folder, and return its path.

    An unchanged bundle is not rewritten: other programs may be reading it. Raises FakefalError.
    """
    try:
        content = certificate.read_bytes().rstrip() + b"\n" + system_roots()
        bundle = certificate.with_name(_FILE_NAME)
        if bundle.exists() and bundle.read_bytes() == content:
            return bundle
        try:
            write_atomically(bundle, content)
        except OSError:
            bundle = Path(tempfile.mkdtemp(prefix="fakefal-")) / _FILE_NAME
            write_atomically(bundle, content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FakefalError(f"cannot write a CA bundle for {certificate}: {reason}") from None
    return bundle


def system_roots() -> bytes:
    """The roots of this machine as PEM, including those of the user's ``SSL_CERT_FILE``."""
    roots = ssl.create_default_context().get_ca_certs(binary_form=True)
    if not roots:  # OpenSSL reads a CApath folder only during verification
        roots = _certifi_roots()
    return "".join(ssl.DER_cert_to_PEM_cert(root) for root in dict.fromkeys(roots)).encode()


def _certifi_roots() -> list[bytes]:
    try:
        import certifi
    except ImportError:
        return []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certifi.where())
    return context.get_ca_certs(binary_form=True)
