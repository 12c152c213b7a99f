"""The files of certificates that a redirected program is given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fakefal.errors import FakefalError
from fakefal.guard.environment import EXTRA_CA_VARIABLES, trusted_files


def write_certificates(
    folder: Path, ca: Path, bundle: Path, environment: Mapping[str, str]
) -> tuple[Path, Path]:
    """What takes the place of its roots, and what is added to them.

    Whom the environment's own variables trust is trusted as before: what they name is joined with
    ours, in ``folder``, where everybody may read it. Raises FakefalError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        roots = _write_joined(folder / "bundle.pem", bundle, *trusted_files(environment))
        return roots, _write_joined(
            folder / "added.pem", ca, *trusted_files(environment, EXTRA_CA_VARIABLES)
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise FakefalError(f"cannot write certificates to {folder}: {reason}") from None


def _write_joined(path: Path, *files: Path) -> Path:
    """One file of certificates from several; one that cannot be read was of no use before."""
    certificates: dict[bytes, None] = {}
    for file in files:
        try:
            content = file.read_bytes()
        except OSError:
            continue
        for part in content.split(b"-----BEGIN ")[1:]:
            certificates.setdefault(b"-----BEGIN " + part.rstrip() + b"\n")
    path.write_bytes(b"".join(certificates))
    path.chmod(0o644)
    return path
