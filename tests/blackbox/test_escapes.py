"""Programs that would reach the real fal past the proxy: each is refused, and the run fails."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from fakefal.cli.commands.run import EXIT_ESCAPES
from tests.blackbox.installing import missing, node_with_clients
from tests.run_command import RunOutput, run

pytestmark = pytest.mark.blackbox

FAR = "queue.falrun.com"
BLOCKED = "fakefal blocked a direct connection to"

PYTHON = {
    "socket": f"import socket; socket.create_connection(('{FAR}', 443))",
    "httpx": f"import httpx; httpx.Client(trust_env=False).get('https://{FAR}/x')",
    "urllib": (
        f"import urllib.request as u; u.build_opener(u.ProxyHandler({{}})).open('https://{FAR}/x')"
    ),
    "asyncio": f"import asyncio; asyncio.run(asyncio.open_connection('{FAR}', 443))",
    "uvloop": f"import asyncio, uvloop; uvloop.run(asyncio.open_connection('{FAR}', 443))",
    "name": f"import socket; socket.gethostbyname('{FAR}')",
    "connect": f"import socket; socket.socket().connect(('{FAR}', 443))",
    "child": (
        "import subprocess, sys; raise SystemExit(subprocess.call([sys.executable, '-c', "
        f"\"import socket; socket.create_connection(('{FAR}', 443))\"]))"
    ),
}

NODE = {
    "net": f'import net from "node:net"; net.connect(443, "{FAR}")',
    "tls": f'import {{ connect }} from "node:tls"; connect({{ host: "{FAR}", port: 443 }})',
    "http2": (
        f'import http2 from "node:http2"; http2.connect("https://{FAR}")'
        '.on("error", (error) => { throw error })'
    ),
    "dns": f'import dns from "node:dns/promises"; await dns.lookup("{FAR}")',
    "resolve": (
        f'import {{ resolve4 }} from "node:dns"; resolve4("{FAR}", (error) => {{ throw error }})'
    ),
}


def escape_of(ran: RunOutput) -> dict[str, Any]:
    """The one process that tried; the fake saw nothing of it."""
    assert ran.code != 0
    assert ran.report["calls"]["total"] == 0
    assert len({escape["pid"] for escape in ran.report["escapes"]}) == 1, ran.err
    found: dict[str, Any] = ran.report["escapes"][0]
    assert found["target"].removesuffix(":443").endswith(FAR) or f"//{FAR}/" in found["target"]
    assert f"  escape   blocked: {found['target']}" in ran.err
    assert f"(pid {found['pid']})" in ran.err
    return found


@pytest.mark.parametrize("way", PYTHON)
def test_python(way: str) -> None:
    ran = run(sys.executable, "-c", PYTHON[way])
    escape = escape_of(ran)
    assert f"{BLOCKED} {FAR}" in ran.err
    assert escape["by"] == "Python"
    assert escape["command"][1] == "-c"
    assert ran.code == 1  # the command's own


@pytest.mark.parametrize("way", NODE)
def test_node(way: str, tmp_path: Path) -> None:
    script = tmp_path / "app.mjs"
    script.write_text(NODE[way], encoding="utf-8")
    ran = run(node_with_clients(), script)
    escape = escape_of(ran)
    assert f"{BLOCKED} {FAR}" in ran.err
    assert escape["by"] == "Node"
    assert escape["command"][-1] == str(script)


def test_a_program_that_forgives_fails_the_run_all_the_same(tmp_path: Path) -> None:
    program = tmp_path / "app.py"
    program.write_text(
        "import socket\n"
        "def ask():\n"
        "    for _ in range(3):\n"
        "        try:\n"
        f"            socket.create_connection(('{FAR}', 443))\n"
        "        except Exception as error:\n"
        "            print(type(error).__name__)\n"
        "ask()\n",
        encoding="utf-8",
    )
    ran = run(sys.executable, program, options=("--quiet",))
    escape = escape_of(ran)
    assert ran.code == EXIT_ESCAPES
    assert ran.out.split() == ["EscapeBlocked"] * 3
    assert escape["count"] == 3
    assert any(frame.endswith("app.py:5 in ask") for frame in escape["stack"])
    assert (ran.report["exit_code"], ran.report["command_exit_code"]) == (EXIT_ESCAPES, 0)


def test_fals_own_client_past_its_proxy_fails_at_once() -> None:
    program = (
        "import os, fal_client\n"
        "os.environ['NO_PROXY'] = os.environ['no_proxy'] = '*'\n"
        "fal_client.run('fal-ai/any-llm', {'prompt': 'x'})\n"
    )
    ran = run(sys.executable, "-c", program)
    assert [escape["target"] for escape in ran.report["escapes"]] == ["fal.run:443"]
    assert f"EscapeBlocked: {BLOCKED} fal.run:443" in ran.err


# Programs without hooks, seen by where the private hosts file leads


@pytest.fixture(scope="module")
def names() -> None:
    """Only root on Linux may mount and listen on 443, and in most containers not even that one."""
    guard = run("true").report["guard"]["other programs"]
    if not guard.startswith("fal's names are blocked and reported"):
        pytest.skip(guard)


@pytest.mark.parametrize("options", [(), ("-6",), ("-k",)], ids=["v4", "v6", "untrusting"])
@pytest.mark.usefixtures("names")
def test_curl_without_its_proxy(options: tuple[str, ...]) -> None:
    curl = shutil.which("curl") or missing("curl is not installed")
    ran = run(curl, "-sS", *options, "--noproxy", "*", f"https://{FAR}/fal-ai/x", "-d", "{}")
    escape = escape_of(ran)
    assert ran.code == EXIT_ESCAPES
    assert f"{BLOCKED} https://{FAR}/fal-ai/x" in ran.out
    assert escape["target"] == f"https://{FAR}/fal-ai/x"
    assert escape["command"][0] == curl
    assert escape["by"] == "names"


@pytest.mark.usefixtures("names")
def test_curl_over_plain_http() -> None:
    curl = shutil.which("curl") or missing("curl is not installed")
    ran = run(curl, "-sS", f"http://{FAR}/x")
    assert escape_of(ran)["target"] == f"http://{FAR}/x"


@pytest.mark.usefixtures("names")
def test_who_does_not_trust_the_ca_is_seen_too() -> None:
    curl = shutil.which("curl") or missing("curl is not installed")
    roots = "/etc/ssl/certs/ca-certificates.crt"
    ran = run(curl, "-sS", "--noproxy", "*", "--cacert", roots, f"https://{FAR}/x")
    assert escape_of(ran)["target"] == f"{FAR}:443"


@pytest.mark.usefixtures("names")
def test_a_python_that_takes_no_hooks() -> None:
    ran = run(sys.executable, "-I", "-c", PYTHON["urllib"])
    assert escape_of(ran)["by"] == "names"


@pytest.mark.usefixtures("names")
def test_perl_that_says_nothing_at_all() -> None:
    perl = shutil.which("perl") or missing("perl is not installed")
    dial = f"use IO::Socket::INET; IO::Socket::INET->new('{FAR}:443') or die; sleep 0"
    ran = run(perl, "-e", dial)
    assert ran.code == EXIT_ESCAPES
    (escape,) = ran.report["escapes"]
    assert escape["by"] == "names"


def test_what_is_not_guarded_is_said() -> None:
    ran = run("true", options=("--guard", "hooks"))
    assert ran.report["guard"]["other programs"].startswith("not guarded")


def test_the_fake_itself_under_its_real_names_is_no_escape() -> None:
    program = "import httpx; print(httpx.get('https://queue.falrun.com/x').status_code)"
    ran = run(sys.executable, "-c", program)
    assert (ran.code, ran.report["escapes"]) == (0, [])
