"""``python -m fakefal``."""

from fakefal.cli.main import run

run()
