"""``fakefal env``."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from fakefal.ca.authority import Authority
from fakefal.cli.commands.env import SAVED_VARIABLES
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.blackbox.driving import environment
from tests.cli.running import fakefal

SHOW = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FAKEFAL_HOME", str(tmp_path / "home"))
    for name in ("NODE_EXTRA_CA_CERTS", "DENO_CERT"):
        monkeypatch.delenv(name, raising=False)


def bash(*lines: str, home: Path) -> list[dict[str, str]]:
    """The environment of a program at each ``show``."""
    command = f'"{sys.executable}" -m fakefal'
    script = "\n".join(lines).replace("fakefal env", f"{command} env")
    script = script.replace("show", f"\"{sys.executable}\" -c '{SHOW}'")
    env = environment("my:key", FAKEFAL_HOME=str(home), NO_PROXY="x.example", HTTPS_PROXY="")
    done = subprocess.run(
        ["bash", "-euc", script], env=env, capture_output=True, encoding="utf-8", check=True
    )
    environments = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        {name: value for name, value in environment.items() if name not in ("SHLVL", "_")}
        for environment in environments
    ]


def test_a_shell_is_redirected_and_restored(tmp_path: Path) -> None:
    before, during, again, after = bash(
        "show",
        'eval "$(fakefal env --url http://127.0.0.1:1)"',
        "show",
        'eval "$(fakefal env --url http://127.0.0.1:2/)"',
        "show",
        'eval "$(fakefal env --unset)"',
        "show",
        home=tmp_path,
    )
    for seen, url in ((during, "http://127.0.0.1:1"), (again, "http://127.0.0.1:2")):
        assert seen["FAKEFAL_URL"] == seen["HTTPS_PROXY"] == seen["https_proxy"] == url
        assert seen["NO_PROXY"] == "x.example,127.0.0.1,localhost"
        assert seen["FAL_KEY"] == "my:key"
        assert seen["NODE_OPTIONS"].count("--require=") == 1
        assert Path(seen["SSL_CERT_FILE"]).is_file()
    assert after == before


def test_without_anything_to_undo_nothing_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SAVED_VARIABLES, raising=False)
    assert fakefal("env", "--unset").out.strip() == ""
    monkeypatch.setenv(SAVED_VARIABLES, "nonsense")
    assert fakefal("env", "--unset").code == 2


def variables(*options: str) -> dict[str, Any]:
    ran = fakefal("env", "--shell", "json", *options)
    assert ran.code == 0, ran.err
    printed: dict[str, Any] = json.loads(ran.out)
    return printed


def test_formats_without_a_shell_save_nothing() -> None:
    assert SAVED_VARIABLES not in variables()
    assert SAVED_VARIABLES not in fakefal("env", "--shell", "dotenv").out
    assert SAVED_VARIABLES in fakefal("env", "--shell", "github").out


def test_a_key_replaces_all_keys() -> None:
    assert variables("--key", "x:y")["FAL_KEY"] == "x:y"


def test_the_ca_of_the_server_is_used_if_it_is_another(tmp_path: Path) -> None:
    """A server in a container, for example, has another CA."""
    own, other = Authority(tmp_path / "home"), Authority(tmp_path / "container")
    assert ca_at("http://127.0.0.1:9") == own.pem.strip()
    with ThreadedServer(FakeFalServer(home=tmp_path / "home")) as fake:
        assert ca_at(fake.url) == own.pem.strip()
    with serving(other.pem) as url:
        printed = variables("--url", url)
    assert Path(printed["DENO_CERT"]).read_bytes().strip() == other.pem.strip()
    assert other.pem.strip() in Path(printed["SSL_CERT_FILE"]).read_bytes()


def ca_at(url: str) -> bytes:
    """The certificates that a program adds to its roots."""
    return Path(variables("--url", url)["DENO_CERT"]).read_bytes().strip()


@contextmanager
def serving(content: bytes) -> Iterator[str]:
    """The URL of a server that always sends the same response."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("shell", ["bash", "fish", "powershell", "github", "dotenv", "json"])
def test_every_shell_gets_all_variables(shell: str) -> None:
    ran = fakefal("env", "--shell", shell)
    assert ran.code == 0
    for name in ("HTTPS_PROXY", "SSL_CERT_FILE", "NODE_OPTIONS", "FAL_KEY"):
        assert name in ran.out
