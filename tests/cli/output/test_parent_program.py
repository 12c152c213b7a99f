from __future__ import annotations

import json
import subprocess
import sys

from fakefal import __version__
from tests.cli.running import ROOT
from tests.serving import SECONDS, request_json

COMMAND = (
    *(sys.executable, "-m", "fakefal", "serve", "--port", "0", "--quiet"),
    *("--ready-json", "--until-stdin-ends"),
)


def test_one_line_of_json_and_an_end_with_the_input() -> None:
    server = subprocess.Popen(
        COMMAND, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert server.stdin is not None
    assert server.stdout is not None
    ready = json.loads(server.stdout.readline())
    assert ready == {
        "kind": "ready",
        "version": __version__,
        "pid": server.pid,
        "url": ready["url"],
        "tls_url": None,
        "proxy_url": ready["url"],
        "token": None,
    }
    assert request_json(f"{ready['url']}/_fakefal/health")[0] == 200
    server.stdin.write("ignored\n")
    server.stdin.flush()
    assert server.poll() is None
    server.stdin.close()
    assert server.wait(SECONDS) == 0
    assert server.stdout.read() == "stopped after 0 calls, 0 misses\n"
    server.stdout.close()
