"""The files of certificates that a redirected program is given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fakefal.errors import FakefalError
from fakefal.guard.environment import ADDED, trusted_files


def certificates_for(
    folder: Path, ca: Path, bundle: Path, environment: Mapping[str, str]
) -> tuple[Path, Path]:
    """What takes the place of its roots, and what is added to them.

    Whom the environment's own variables trust is trusted as before: what they name is joined with
    ours, in ``folder``, where everybody may read it. Raises FakefalError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        roots = _joined(folder / "bundle.pem", bundle, *trusted_files(environment))
        return roots, _joined(folder / "added.pem", ca, *trusted_files(environment, ADDED))
    except OSError as error:
        reason = error.strerror or str(error)
        raise FakefalError(f"cannot write certificates to {folder}: {reason}") from None


def _joined(path: Path, *files: Path) -> Path:
    """One file of certificates from several; one that cannot be read was of no use before."""
    found: dict[bytes, None] = {}
    for file in files:
        try:
            content = file.read_bytes()
        except OSError:
            continue
        for part in content.split(b"-----BEGIN ")[1:]:
            found.setdefault(b"-----BEGIN " + part.rstrip() + b"\n")
    path.write_bytes(b"".join(found))
    path.chmod(0o644)
    return path
