"""The local certificate authority: one for each machine, made when it is first needed."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections import OrderedDict
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

from fakefal.ca.validity import expires_soon, leaf_validity
from fakefal.errors import FakefalError
from fakefal.protocol.core.hosts import CANONICAL_HOSTS, DOMAINS, is_fal_host

if TYPE_CHECKING:
    import trustme

_FOLDER = "ca"
_CERTIFICATE = "ca.pem"
_KEY = "ca.key"
_OWNER_ONLY = 0o600
_WORLD_READABLE = 0o644
_MAX_CONTEXTS = 256
_ORGANISATION = "fakefal local CA"
_FAL_NAMES = (*sorted(CANONICAL_HOSTS), *(f"*.{domain}" for domain in DOMAINS))
"""All of fal's hosts have one certificate, which is made once."""


def certificate_path(home: Path) -> Path:
    """Where the certificate of the authority in a folder is, or would be."""
    return home / _FOLDER / _CERTIFICATE


class Authority:
    """Signs certificates for any name; what trusts it takes them.

    It lies in ``home``: ``ca/ca.pem`` is its certificate and ``ca/ca.key`` its key, which only its
    owner may read. If there is none it is made; of several programs that do so at once all get the
    same. One that ends within a month is renewed: the same name and key, so that who trusts either
    takes what either has signed. Raises FakefalError if it can be neither read nor made.

    It is not confined to fal's names, as it also signs for receivers and for the names under which
    containers reach the fake; its key never leaves the machine. A leaf is good for 397 days.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / _FOLDER
        self._ca = self._load() or self._create()
        self._contexts: OrderedDict[tuple[str, ...], ssl.SSLContext] = OrderedDict()

    @property
    def path(self) -> Path:
        """The file of the certificate."""
        return self._folder / _CERTIFICATE

    @property
    def pem(self) -> bytes:
        """The certificate, as programs take it to trust it."""
        return self._ca.cert_pem.bytes()

    def issue(self, *names: str) -> bytes:
        """A private key and a certificate for these host names and IP addresses, as one PEM.

        Raises FakefalError for what is neither.
        """
        return self._issue(names).private_key_and_cert_chain_pem.bytes()

    def context_for_host(self, name: str) -> ssl.SSLContext:
        """How a server speaks TLS under a host name; of so many names the last used are kept.

        Raises FakefalError for what can be no name.
        """
        if is_fal_host(name) and (
            name in CANONICAL_HOSTS or name.count(".") == 2
        ):  # as far as * goes
            return self.context_for_names(*_FAL_NAMES)
        return self.context_for_names(name)

    def context_for_names(self, *names: str) -> ssl.SSLContext:
        """The same under several names and addresses at once."""
        context = self._contexts.pop(names, None)
        if context is None:
            context = self.new_context(*names)
            if len(self._contexts) >= _MAX_CONTEXTS:
                self._contexts.popitem(last=False)
        self._contexts[names] = context
        return context

    def new_context(self, *names: str) -> ssl.SSLContext:
        """How a server speaks TLS under several names and addresses."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.set_alpn_protocols(["http/1.1"])
        self._issue(names).configure_cert(context)
        return context

    def _issue(self, names: tuple[str, ...]) -> trustme.LeafCert:
        for name in names:
            if not name or "/" in name or "@" in name:  # trustme takes networks and mail as well
                raise FakefalError(_invalid_name_message(name))
        not_before, not_after = leaf_validity()
        try:
            return self._ca.issue_cert(
                *names, organization_name=_ORGANISATION, not_before=not_before, not_after=not_after
            )
        except ValueError:
            raise FakefalError(_invalid_name_message(", ".join(names))) from None

    def _load(self) -> trustme.CA | None:
        import trustme

        try:
            certificate = (self._folder / _CERTIFICATE).read_bytes()
            key = (self._folder / _KEY).read_bytes()
            return trustme.CA.from_pem(self._renew_if_ending(certificate, key), key)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise FakefalError(
                f"cannot read the local CA in {self._folder}: {error.strerror or error}"
            ) from None
        except ValueError:
            raise FakefalError(self._unusable_message()) from None

    def _renew_if_ending(self, certificate: bytes, key: bytes) -> bytes:
        """The certificate, or one in its place if it ends soon; raises ValueError for nonsense."""
        from fakefal.ca.renewal import expires_at, renew_certificate

        if not expires_soon(expires_at(certificate)):
            return certificate
        renewed_pem = renew_certificate(certificate, key)
        write_atomically(self._folder / _CERTIFICATE, renewed_pem)
        return renewed_pem

    def _create(self) -> trustme.CA:
        """Make it aside and move it to its place as a whole, so that nobody sees half of it."""
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
                f"cannot make a local CA in {self._folder}: {error.strerror or error} — "
                "FAKEFAL_HOME names another folder"
            ) from None
        return ca

    def _unusable_message(self) -> str:
        return f"{self._folder} holds no usable CA — delete it, and a new one is made"


def write_atomically(path: Path, content: bytes) -> None:
    """Put a file in its place as a whole, so that nobody reads half of it; raises OSError."""
    descriptor, temporary = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(temporary, _WORLD_READABLE)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise


def _write_private(path: Path, content: bytes) -> None:
    """Write what nobody else may read, not even for a moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _invalid_name_message(name: str) -> str:
    return f'"{name}" cannot be in a certificate — write host names or IP addresses'
