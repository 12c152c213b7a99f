"""Unmodified clients reach the fake under fal's real names: a hosts file and a CA, nothing else.

In a mount and a network namespace of their own, as a container has them; that takes root, or a
system that gives everybody namespaces.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fakefal.ca.authority import Authority
from fakefal.protocol.core.hosts import CANONICAL_HOSTS
from tests.blackbox.driving import DRIVERS, environment, once_json
from tests.blackbox.installing import JS_FOLDER, missing, node_with_clients
from tests.blackbox.test_gateway import CALL, KEY, SCENARIO, check

pytestmark = [
    pytest.mark.blackbox,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has namespaces"),
]
CLIENTS = ("sync", "async", "node", "curl", "plain")


def namespaces() -> list[str]:
    """How a program gets namespaces of its own here."""
    unshare = shutil.which("unshare")
    for options in (["--mount", "--net"], ["--mount", "--net", "--map-root-user"]):
        command = [unshare or "unshare", *options]
        if unshare and subprocess.run([*command, "true"], check=False).returncode == 0:
            return command
    return missing("namespaces are needed: root, or unprivileged user namespaces")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    def make() -> dict[str, Any]:
        home = tmp_path_factory.mktemp("names")
        ca = Authority(home).path
        hosts = home / "hosts"
        names = " ".join(CANONICAL_HOSTS)
        hosts.write_text(f"127.0.0.1 localhost {names}\n::1 localhost\n", encoding="utf-8")
        driver = str(DRIVERS / "unaware.py")
        curl = [shutil.which("curl") or missing("curl is needed"), "-sS", *CALL]
        commands = {
            "sync": [sys.executable, driver, "sync"],
            "async": [sys.executable, driver, "async"],
            "node": [
                node_with_clients(),
                "--experimental-websocket",
                str(JS_FOLDER / "unaware.mjs"),
                KEY,
            ],
            "curl": [*curl, "https://fal.run/fal-ai/any-llm"],
            "plain": [*curl, "http://fal.run/fal-ai/any-llm"],
        }
        env = environment(
            KEY,
            FAKEFAL_HOME=str(home),
            SSL_CERT_FILE=str(ca),
            CURL_CA_BUNDLE=str(ca),
            NODE_EXTRA_CA_CERTS=str(ca),
        )
        for name in ("HTTPS_PROXY", "NO_PROXY"):
            del env[name]
        named = [sys.executable, str(DRIVERS / "named.py"), str(hosts), str(SCENARIO)]
        done = subprocess.run(
            [*namespaces(), *named, json.dumps(commands)],
            env=env,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            encoding="utf-8",
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    found: dict[str, Any] = once_json(tmp_path_factory, "names", make)
    return found


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_finds_the_fake_where_fal_is(seen: dict[str, Any], client: str) -> None:
    if client in ("curl", "plain"):
        assert seen[client]["output"] == "Ship it."
    else:
        check(seen[client])
