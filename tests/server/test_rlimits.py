from __future__ import annotations

import subprocess
import sys

import pytest

from fakefal.server.rlimits import raise_open_file_limit

PROGRAM = """
import resource
from fakefal.server.descriptors import allow_many
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
assert allow_many() == resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 200
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_as_many_are_allowed_as_the_system_lets() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=60)
    assert raise_open_file_limit() > 0
