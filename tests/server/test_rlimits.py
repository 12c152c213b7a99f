from __future__ import annotations

import subprocess
import sys

import pytest

from fakefal.server.rlimits import raise_open_file_limit

PROGRAM = """
import resource
from fakefal.server.rlimits import raise_open_file_limit
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
assert raise_open_file_limit() == resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 200
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_the_limit_is_raised_as_far_as_the_system_allows() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=60)
    assert raise_open_file_limit() > 0
