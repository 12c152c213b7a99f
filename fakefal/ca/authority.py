"""The local certificate authority: one for each machine, created on first use."""

from __future__ import annotations

import os
import ssl
import stat
import tempfile
from collections import OrderedDict
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

from fakefal.ca.validity import expires_soon, leaf_validity
from fakefal.errors import FakefalError
from fakefal.protocol.core.hosts import CANONICAL_HOSTS, DOMAINS, is_fal_host
from fakefal.system_time import real_datetime

if TYPE_CHECKING:
    import trustme

_FOLDER = "ca"
_CERTIFICATE = "ca.pem"
_KEY = "ca.key"
_OWNER_ONLY = 0o600
_READABLE_BY_ALL = 0o644
_MAX_CONTEXTS = 256
_ORGANISATION = "fakefal local CA"
_FAL_NAMES = (*sorted(CANONICAL_HOSTS), *(f"*.{domain}" for domain in DOMAINS))
"""All of fal's hosts share one certificate."""


def certificate_path(home: Path) -> Path:
    """The path of the certificate of the authority in ``home``, which may not exist yet."""
    return home / _FOLDER / _CERTIFICATE


class Authority:
    """A CA in ``home``: certificate ``ca/ca.pem``, and key ``ca/ca.key`` with mode 0600.

    It is created if it does not exist; programs that do so concurrently get the same one. When it
    expires within a month it is renewed with the same name and key, so that certificates stay
    trusted through either version. Raises FakefalError if it can be neither read nor created.

    It has no name constraints, as it also signs for webhook receivers and for the names by which
    containers reach the server; its key never leaves the machine.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / _FOLDER
        with real_datetime():
            self._ca = self._load() or self._create()
        self._contexts: OrderedDict[tuple[str, ...], ssl.SSLContext] = OrderedDict()

    @property
    def path(self) -> Path:
        """The file with the certificate."""
        return self._folder / _CERTIFICATE

    @property
    def pem(self) -> bytes:
        """The certificate as PEM, for trust stores."""
        return self._ca.cert_pem.bytes()

    def issue(self, *names: str) -> bytes:
        """A private key and a certificate for host names and IP addresses, in one PEM.

        Raises FakefalError for an invalid name.
        """
        return self._issue(names).private_key_and_cert_chain_pem.bytes()

    def context_for_host(self, name: str) -> ssl.SSLContext:
        """A server's TLS context for a host name; the last used ones are cached.

        Raises FakefalError for an invalid name.
        """
        if is_fal_host(name) and (
            name in CANONICAL_HOSTS or name.count(".") == 2
        ):  # a wildcard matches one label
            return self.context_for_names(*_FAL_NAMES)
        return self.context_for_names(name)

    def context_for_names(self, *names: str) -> ssl.SSLContext:
        """A server's TLS context for several names and addresses, cached as well."""
        context = self._contexts.pop(names, None)
        if context is None:
            context = self.new_context(*names)
            if len(self._contexts) >= _MAX_CONTEXTS:
                self._contexts.popitem(last=False)
        self._contexts[names] = context
        return context

    def new_context(self, *names: str) -> ssl.SSLContext:
        """A new TLS context for several names and addresses; offers only HTTP/1.1 by ALPN."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.set_alpn_protocols(["http/1.1"])
        self._issue(names).configure_cert(context)
        return context

    def _issue(self, names: tuple[str, ...]) -> trustme.LeafCert:
        for name in names:
            if not name or "/" in name or "@" in name:  # trustme also accepts networks and emails
                raise FakefalError(_invalid_name_message(name))
        not_before, not_after = leaf_validity()
        try:
            with real_datetime():
                return self._ca.issue_cert(
                    *names,
                    organization_name=_ORGANISATION,
                    not_before=not_before,
                    not_after=not_after,
                )
        except ValueError:
            raise FakefalError(_invalid_name_message(", ".join(names))) from None

    def _load(self) -> trustme.CA | None:
        import trustme

        try:
            certificate = (self._folder / _CERTIFICATE).read_bytes()
            key = (self._folder / _KEY).read_bytes()
            self._check_key(certificate, key)
            return trustme.CA.from_pem(self._renew_if_ending(certificate, key), key)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise FakefalError(
                f"cannot read the local CA in {self._folder}: {error.strerror or error}"
            ) from None
        except ValueError:
            raise FakefalError(self._unusable_message()) from None

    def _check_key(self, certificate: bytes, key: bytes) -> None:
        """Raise FakefalError for a key that others can read, or of another certificate.

        Whoever can read it can pretend to be any host to the programs that trust the CA. Its group
        may read it, as in a volume of Kubernetes with an fsGroup. Windows has no such modes.
        """
        from fakefal.ca.renewal import is_key_of

        path = self._folder / _KEY
        if not is_key_of(certificate, key):
            raise FakefalError(
                f"{path} is not the key of the certificate beside it — delete {self._folder} to "
                "have a new CA created"
            )
        mode = stat.S_IMODE(path.stat().st_mode)
        if os.name != "nt" and mode & 0o027:
            raise FakefalError(
                f"{path} can be used by other users (mode {mode:04o}) — run chmod 600 {path}, or "
                f"delete {self._folder} to have a new CA created"
            )

    def _renew_if_ending(self, certificate: bytes, key: bytes) -> bytes:
        """The certificate, renewed if it expires soon; raises ValueError if it is invalid."""
        from fakefal.ca.renewal import expires_at, renew_certificate

        if not expires_soon(expires_at(certificate)):
            return certificate
        renewed_pem = renew_certificate(certificate, key)
        write_atomically(self._folder / _CERTIFICATE, renewed_pem)
        return renewed_pem

    def _create(self) -> trustme.CA:
        """Create it in a temporary folder and rename that, so that nobody sees half of it."""
        import trustme

        ca = trustme.CA(organization_name=_ORGANISATION)
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}.", dir=self._folder.parent))
            try:
                _write_private(temporary / _KEY, ca.private_key_pem.bytes())
                ca.cert_pem.write_to_path(temporary / _CERTIFICATE)
                temporary.rename(self._folder)
            except OSError:
                rmtree(temporary, ignore_errors=True)
                if not self._folder.exists():
                    raise
                other_ca = self._load()  # another program was faster
                if other_ca is None:
                    raise FakefalError(self._unusable_message()) from None
                return other_ca
        except OSError as error:
            raise FakefalError(
                f"cannot create a local CA in {self._folder}: {error.strerror or error} — "
                "set FAKEFAL_HOME to another folder"
            ) from None
        return ca

    def _unusable_message(self) -> str:
        return f"{self._folder} contains no usable CA — delete it to have a new one created"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file through a rename, so that nobody reads half of it; raises OSError."""
    descriptor, temporary = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(temporary, _READABLE_BY_ALL)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise


def _write_private(path: Path, content: bytes) -> None:
    """Create a file that no other user can read at any moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _invalid_name_message(name: str) -> str:
    return f'invalid certificate name "{name}" — use host names or IP addresses'
