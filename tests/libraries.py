"""What tests need of the versions of libraries; only `make lowest` runs with older ones."""

import re

import aiohttp
import pytest

_VERSION = tuple(int(part) for part in re.findall(r"\d+", aiohttp.__version__)[:3])

needs_current_aiohttp = pytest.mark.skipif(
    _VERSION < (3, 14, 5),
    reason="older versions of aiohttp keep half a request open and accept more malformed ones",
)
