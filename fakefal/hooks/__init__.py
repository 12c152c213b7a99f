"""What runs inside other programs: hooks for Python and Node, and what starts a command.

Nothing here imports fakefal or any library: it runs in interpreters that have neither.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
PYTHON = FOLDER / "python"
"""To be put on PYTHONPATH: a ``sitecustomize`` that guards and redirects."""
PRELOAD = FOLDER / "node" / "preload.cjs"
"""To be required by Node before the program."""
LAUNCHER = FOLDER / "launch.py"
"""Starts a command in a process group, and where it can in a private view of the hosts file."""
