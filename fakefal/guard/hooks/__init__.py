"""What runs inside other programs: hooks for Python and Node, and what starts a command.

Nothing here imports fakefal or any library: it runs in interpreters that have neither.
"""

import shutil
from pathlib import Path

FOLDER = Path(__file__).parent
PYTHON = FOLDER / "python"
"""To be put on PYTHONPATH: a ``sitecustomize`` that guards and redirects."""
PRELOAD = FOLDER / "node" / "preload.cjs"
"""To be required by Node before the program."""
LAUNCHER = FOLDER / "launch.py"
"""Starts a command in a process group, and where it can in a private view of the hosts file."""


def readable_hooks(folder: Path) -> tuple[Path, Path]:
    """PYTHON and PRELOAD where every user may read them: as they are, or as copies in ``folder``.

    A command of root may become another user, and Node does not start without its preload.
    """
    if _is_world_readable(PRELOAD):
        return PYTHON, PRELOAD
    for source in (PYTHON, PRELOAD.parent):
        copied = folder / source.name
        shutil.copytree(source, copied, ignore=shutil.ignore_patterns("__pycache__"))
        copied.chmod(0o755)
        for file in copied.iterdir():
            file.chmod(0o644)
    return folder / PYTHON.name, folder / PRELOAD.parent.name / PRELOAD.name


def _is_world_readable(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in path.parents) and bool(
        path.stat().st_mode & 0o004
    )
