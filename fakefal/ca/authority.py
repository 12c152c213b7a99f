"""The local certificate authority: one for each machine, made when it is first needed."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections import OrderedDict
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

from fakefal.ca.validity import is_ending, leaf_span
from fakefal.errors import FakefalError
from fakefal.protocol.core.hosts import CANONICAL, DOMAINS, is_fals

if TYPE_CHECKING:
    import trustme

_FOLDER = "ca"
_CERTIFICATE = "ca.pem"
_KEY = "ca.key"
_OWNER_ONLY = 0o600
_FOR_ALL = 0o644
_LEAVES = 256
_ORGANISATION = "fakefal local CA"
_FALS = (*sorted(CANONICAL), *(f"*.{domain}" for domain in DOMAINS))
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
        self._ca = self._kept() or self._made()
        self._leaves: OrderedDict[tuple[str, ...], ssl.SSLContext] = OrderedDict()

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

    def leaf(self, name: str) -> ssl.SSLContext:
        """How a server speaks TLS under a host name; of so many names the last used are kept.

        Raises FakefalError for what can be no name.
        """
        if is_fals(name) and (name in CANONICAL or name.count(".") == 2):  # as far as * goes
            return self.leaf_here(*_FALS)
        return self.leaf_here(name)

    def leaf_here(self, *names: str) -> ssl.SSLContext:
        """The same under several names and addresses at once."""
        found = self._leaves.pop(names, None)
        if found is None:
            found = self.context(*names)
            if len(self._leaves) >= _LEAVES:
                self._leaves.popitem(last=False)
        self._leaves[names] = found
        return found

    def context(self, *names: str) -> ssl.SSLContext:
        """How a server speaks TLS under several names and addresses."""
        found = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        found.set_alpn_protocols(["http/1.1"])
        self._issue(names).configure_cert(found)
        return found

    def _issue(self, names: tuple[str, ...]) -> trustme.LeafCert:
        for name in names:
            if not name or "/" in name or "@" in name:  # trustme takes networks and mail as well
                raise FakefalError(_not_a_name(name))
        since, until = leaf_span()
        try:
            return self._ca.issue_cert(
                *names, organization_name=_ORGANISATION, not_before=since, not_after=until
            )
        except ValueError:
            raise FakefalError(_not_a_name(", ".join(names))) from None

    def _kept(self) -> trustme.CA | None:
        import trustme

        try:
            certificate = (self._folder / _CERTIFICATE).read_bytes()
            key = (self._folder / _KEY).read_bytes()
            return trustme.CA.from_pem(self._renewed(certificate, key), key)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise FakefalError(
                f"cannot read the local CA in {self._folder}: {error.strerror or error}"
            ) from None
        except ValueError:
            raise FakefalError(self._spoiled()) from None

    def _renewed(self, certificate: bytes, key: bytes) -> bytes:
        """The certificate, or one in its place if it ends soon; raises ValueError for nonsense."""
        from fakefal.ca.renewal import ends_at, renewed

        if not is_ending(ends_at(certificate)):
            return certificate
        fresh = renewed(certificate, key)
        write_whole(self._folder / _CERTIFICATE, fresh)
        return fresh

    def _made(self) -> trustme.CA:
        """Make it aside and move it to its place as a whole, so that nobody sees half of it."""
        import trustme

        made = trustme.CA(organization_name=_ORGANISATION)
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}.", dir=self._folder.parent))
            try:
                _write(aside / _KEY, made.private_key_pem.bytes())
                made.cert_pem.write_to_path(aside / _CERTIFICATE)
                aside.rename(self._folder)
            except OSError:
                rmtree(aside, ignore_errors=True)
                if not self._folder.exists():
                    raise
                first = self._kept()  # another program was faster
                if first is None:
                    raise FakefalError(self._spoiled()) from None
                return first
        except OSError as error:
            raise FakefalError(
                f"cannot make a local CA in {self._folder}: {error.strerror or error} — "
                "FAKEFAL_HOME names another folder"
            ) from None
        return made

    def _spoiled(self) -> str:
        return f"{self._folder} holds no usable CA — delete it, and a new one is made"


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in its place as a whole, so that nobody reads half of it; raises OSError."""
    number, aside = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as opened:
            opened.write(content)
        os.chmod(aside, _FOR_ALL)
        os.replace(aside, path)
    except OSError:
        os.unlink(aside)
        raise


def _write(path: Path, content: bytes) -> None:
    """Write what nobody else may read, not even for a moment."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(file, "wb") as opened:
        opened.write(content)


def _not_a_name(name: str) -> str:
    return f'"{name}" cannot be in a certificate — write host names or IP addresses'
