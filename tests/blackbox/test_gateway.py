"""Unmodified clients led to the fake by proxy variables and a CA alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakefal.ca.authority import Authority
from fakefal.ca.bundle import write_bundle
from fakefal.proxy.proxy_log import ProxyLogEntry
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.blackbox.driving import DRIVERS, environment, run_driver
from tests.blackbox.installing import JS_FOLDER, missing, node_22, node_with_clients
from tests.serving import serve

pytestmark = pytest.mark.blackbox

SCENARIO = Path(__file__).parents[2] / "scenarios" / "quickstart.yaml"
OUTPUT = "Ship it."
QUEUE = "https://queue.fal.run/fal-ai/any-llm/requests/"
KEY = "led:astray"


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadedServer]:
    server = ThreadedServer(FakeFalServer(SCENARIO, clock="instant", tls_port=0, offline=True))
    with server:
        yield server


def led(fake: FakeFalServer, **more: str) -> dict[str, str]:
    """The environment of a program that is led to a fake."""
    ca, bundle = str(fake.ca_path), str(fake.bundle_path)
    return environment(
        KEY,
        HTTPS_PROXY=fake.proxy_url,
        HTTP_PROXY=fake.proxy_url,
        NO_PROXY="",
        SSL_CERT_FILE=bundle,
        CURL_CA_BUNDLE=bundle,
        NODE_EXTRA_CA_CERTS=ca,
        **more,
    )


def check(seen: dict[str, Any]) -> None:
    """Every way of a client came to what the scenario says, under the real names."""
    assert {name: it for name, it in seen.items() if "crashed" in it} == {}
    for name in {"subscribe", "watched", "run", "stream", "realtime"} & seen.keys():
        assert seen[name]["output"] == OUTPUT, name
    assert all(url.startswith(QUEUE) for url in seen["urls"])
    url, content = seen["upload"]
    assert url.startswith(("https://v3.fal.media/", "https://v3b.fal.media/"))
    assert content == "some text"


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_fal_client_is_led_by_a_proxy(server: ThreadedServer, mode: str) -> None:
    command = [sys.executable, str(DRIVERS / "unaware.py"), mode]
    check(run_driver(command, led(server.server)))
    assert server.server.proxy.log.entries() == []


def test_the_js_client_is_led_by_a_proxy(server: ThreadedServer) -> None:
    node_with_clients()
    command = [node_22(), str(JS_FOLDER / "unaware.mjs"), KEY]
    check(run_driver(command, led(server.server, NODE_USE_ENV_PROXY="1")))


def curl(env: dict[str, str], *arguments: str) -> tuple[int, str]:
    found = shutil.which("curl")
    if found is None:
        missing("curl is needed")
    done = subprocess.run(
        [found, "-sS", "-m", "20", *arguments],
        env={**env, **{name.lower(): env[name] for name in ("HTTPS_PROXY", "HTTP_PROXY")}},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


CALL = ("-H", f"Authorization: Key {KEY}", "--json", '{"prompt": "Write a tagline"}')


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_curl_is_led_by_a_proxy(server: ThreadedServer, scheme: str) -> None:
    code, printed = curl(led(server.server), *CALL, f"{scheme}://fal.run/fal-ai/any-llm")
    assert (code, json.loads(printed)["output"]) == (0, OUTPUT)


def test_curl_is_led_by_a_proxy_that_speaks_tls(server: ThreadedServer) -> None:
    fake, env = server.server, led(server.server)
    ca = str(fake.ca_path)
    code, printed = curl(
        env, "-x", fake.tls_url, "--proxy-cacert", ca, *CALL, "https://fal.run/fal-ai/any-llm"
    )
    assert (code, json.loads(printed)["output"]) == (0, OUTPUT)


def test_curl_finds_the_tls_port_by_address(server: ThreadedServer) -> None:
    env = environment(KEY, NO_PROXY="*", HTTPS_PROXY="", HTTP_PROXY="")
    target = f"::127.0.0.1:{server.server.tls_port}"
    ca = str(server.server.ca_path)
    code, printed = curl(
        env, "--cacert", ca, "--connect-to", target, *CALL, "https://fal.run/fal-ai/any-llm"
    )
    assert (code, json.loads(printed)["output"]) == (0, OUTPUT)


def test_a_host_that_is_not_fals_is_out_of_reach(server: ThreadedServer) -> None:
    visits = server.server.proxy.log
    code, printed = curl(led(server.server), "https://example.com/")
    assert (code, "403" in printed) == (56, True)
    code, printed = curl(led(server.server), "http://example.com/")
    assert "blocked by --offline: example.com:80" in printed
    program = "import httpx; httpx.get('https://example.com')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=led(server.server),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith("403 blocked by --offline: example.com:443")
    assert [it for it in visits.entries() if it.port == 443] == [
        ProxyLogEntry("example.com", 443, "refused", 2)
    ]


def test_fal_client_goes_to_the_backup_of_a_host_that_is_down() -> None:
    down = {"fakefal": 1, "hosts": {"queue.fal.run": "down", "fal.run": "down"}, "exchanges": [
        {"when": {"endpoint": "fal-ai/any-llm"}, "reply": {"text": OUTPUT}}]}  # fmt: skip
    server = ThreadedServer(FakeFalServer(down, clock="instant", offline=True))
    with server:
        for mode in ("sync", "async"):
            command = [sys.executable, str(DRIVERS / "unaware.py"), mode]
            seen = run_driver(command, led(server.server))
            for name in ("subscribe", "run"):
                assert seen[name]["output"] == OUTPUT
            # Only what goes through httpx has a backup; realtime has none.
            assert "ConnectionResetError" in seen["realtime"]["crashed"]
        journal = server.call(lambda: server.server.controls(KEY).journal())
        assert {it["kind"] for it in journal} >= {"call", "status", "result"}


def test_five_hundred_tunnels_at_once_and_none_fails(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with serve("--clock", "instant", "--quiet", "--offline", FAKEFAL_HOME=str(tmp_path)) as served:
        # The CA alone: to read all roots of a system 500 times takes longer than the rest.
        env = environment(
            KEY, HTTPS_PROXY=served.url, NO_PROXY="", SSL_CERT_FILE=str(authority.path)
        )
        seen = run_driver([sys.executable, str(DRIVERS / "crowd.py"), "500"], env)
        assert seen["failed"] == []
        assert len(seen["outputs"]) == 500
        ended = served.stop()
        assert (ended.lines[-1], ended.errors) == ("stopped after 500 calls, 0 misses", "")
    assert write_bundle(authority.path).exists()
