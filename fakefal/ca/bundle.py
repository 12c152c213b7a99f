"""One file with the local CA and the roots that programs trust anyway.

``SSL_CERT_FILE`` and its like take the place of a program's roots; who sets them to the CA alone
cuts it off from all other hosts (clients.md section 3a).
"""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

from fakefal.ca.authority import write_atomically
from fakefal.errors import FakefalError

_FILE_NAME = "bundle.pem"


def write_bundle(certificate: Path) -> Path:
    """Write the file beside the certificate of the CA, or where that is forbidden in a temporary
    folder; gives its path.

    It is written anew only when it changes, and then as a whole. Raises FakefalError.
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
        raise FakefalError(f"cannot write a file of roots for {certificate}: {reason}") from None
    return bundle


def system_roots() -> bytes:
    """The roots of this machine as PEM, those of the user's ``SSL_CERT_FILE`` included."""
    roots = ssl.create_default_context().get_ca_certs(binary_form=True)
    if not roots:  # some systems have folders, which are read only when somebody is verified
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
