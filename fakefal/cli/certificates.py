"""Writes the certificate files that a redirected program trusts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fakefal.errors import FakefalError
from fakefal.guard.environment import EXTRA_CA_VARIABLES, trusted_files


def write_certificates(
    folder: Path, ca: Path, bundle: Path, environment: Mapping[str, str]
) -> tuple[Path, Path]:
    """Write two PEM files in ``folder``: one that replaces the program's roots, one added to them.

    Both include the certificates that the environment's own variables name. They are readable by
    all users. Raises FakefalError.
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
    """Join certificates into one file, without duplicates; unreadable files are skipped."""
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
