"""The system's roots are not read where nobody needs them, and are where somebody does."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_an_own_process_does_not_read_the_systems_roots() -> None:
    script = """
import ssl, sys
from fakefal.cli import main
sys.argv = ["fakefal", "serve", "--help"]
try:
    main.run()
except SystemExit:
    pass
import aiohttp.connector
own = aiohttp.connector._SSL_CONTEXT_VERIFIED
assert own.cert_store_stats()["x509"] == 0
assert own.verify_mode == ssl.CERT_REQUIRED
assert "set_default_verify_paths" not in vars(ssl.SSLContext)
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


@pytest.mark.slow
def test_a_program_that_embeds_the_command_keeps_its_roots() -> None:
    script = """
import ssl
from fakefal.cli.main import main
main(["serve", "--help"])
import aiohttp.connector
expected = ssl.create_default_context().cert_store_stats()
assert aiohttp.connector._SSL_CONTEXT_VERIFIED.cert_store_stats() == expected
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
