"""One file with the local CA and the roots that programs trust anyway.

``SSL_CERT_FILE`` and its like take the place of a program's roots; who sets them to the CA alone
cuts it off from all other hosts (clients.md section 3a).
"""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

from fakefal.ca.authority import write_whole
from fakefal.errors import FakefalError

_FILE = "bundle.pem"


def write_bundle(certificate: Path) -> Path:
    """Write the file beside the certificate of the CA, or where that is forbidden in a temporary
    folder; gives its path.

    It is written anew only when it changes, and then as a whole. Raises FakefalError.
    """
    try:
        content = certificate.read_bytes().rstrip() + b"\n" + system_roots()
        beside = certificate.with_name(_FILE)
        if beside.exists() and beside.read_bytes() == content:
            return beside
        try:
            write_whole(beside, content)
        except OSError:
            beside = Path(tempfile.mkdtemp(prefix="fakefal-")) / _FILE
            write_whole(beside, content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FakefalError(f"cannot write a file of roots for {certificate}: {reason}") from None
    return beside


def system_roots() -> bytes:
    """The roots of this machine as PEM, those of the user's ``SSL_CERT_FILE`` included."""
    found = ssl.create_default_context().get_ca_certs(binary_form=True)
    if not found:  # some systems have folders, which are read only when somebody is verified
        found = _from_certifi()
    return "".join(ssl.DER_cert_to_PEM_cert(root) for root in dict.fromkeys(found)).encode()


def _from_certifi() -> list[bytes]:
    try:
        import certifi
    except ImportError:
        return []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certifi.where())
    return context.get_ca_certs(binary_form=True)
