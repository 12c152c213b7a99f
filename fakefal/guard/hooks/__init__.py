"""Hooks that run inside other programs (Python and Node), and the launcher of commands.

The hooks import neither fakefal nor any library: they run in interpreters that have neither.
"""

import shutil
from pathlib import Path

FOLDER = Path(__file__).parent
PYTHON = FOLDER / "python"
"""A folder for PYTHONPATH, with a ``sitecustomize`` that guards and redirects."""
PRELOAD = FOLDER / "node" / "preload.cjs"
"""A script for Node's ``--require``."""
LAUNCHER = FOLDER / "launch.py"
"""Starts a command in its own process group and, if possible, with a private hosts file."""


def readable_hooks(folder: Path) -> tuple[Path, Path]:
    """PYTHON and PRELOAD, or copies in ``folder`` if not every user may read them.

    A command of root may switch to another user, and Node fails without its preload script.
    """
    if _is_readable_by_all(PRELOAD):
        return PYTHON, PRELOAD
    for source in (PYTHON, PRELOAD.parent):
        copied = folder / source.name
        shutil.copytree(source, copied, ignore=shutil.ignore_patterns("__pycache__"))
        copied.chmod(0o755)
        for file in copied.iterdir():
            file.chmod(0o644)
    return folder / PYTHON.name, folder / PRELOAD.parent.name / PRELOAD.name


def _is_readable_by_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in path.parents) and bool(
        path.stat().st_mode & 0o004
    )
