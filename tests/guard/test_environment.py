"""The environment that points clients at a fake."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.guard.environment import (
    CA_BUNDLE_VARIABLES,
    DEFAULT_KEY,
    EXTRA_CA_VARIABLES,
    RedirectConfig,
    apply_changes,
    redirect_changes,
    trusted_files,
)
from fakefal.protocol.core.hosts import CANONICAL_HOSTS

URL = "http://127.0.0.1:8787"
CONFIG = RedirectConfig(URL, Path("/ca/bundle.pem"), Path("/ca/ca.pem"))


def env(config: RedirectConfig = CONFIG, **current: str) -> dict[str, str]:
    return apply_changes(current, redirect_changes(config, current))


def test_an_empty_environment_gets_proxy_roots_and_a_key() -> None:
    assert env() == {
        "FAKEFAL_URL": URL,
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), URL),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"),
        **dict.fromkeys(CA_BUNDLE_VARIABLES, "/ca/bundle.pem"),
        **dict.fromkeys(EXTRA_CA_VARIABLES, "/ca/ca.pem"),
        **dict.fromkeys(("FAL_KEY", "FAL_API_KEY", "FAL_AI_API_KEY"), DEFAULT_KEY),
    }


def test_other_variables_are_unchanged() -> None:
    variables = env(PATH="/bin", HTTP_PROXY="http://proxy:3128", HF_ENDPOINT="http://127.0.0.1:9")
    assert variables["PATH"] == "/bin"
    assert variables["HTTP_PROXY"] == "http://proxy:3128"
    assert variables["HF_ENDPOINT"] == "http://127.0.0.1:9"


def test_offline_runs_send_plain_http_through_the_proxy_too() -> None:
    variables = env(
        RedirectConfig(URL, CONFIG.bundle, CONFIG.extra_certs, is_proxy_for_all=True),
        ALL_PROXY="socks5://x:1",
    )
    names = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
    assert {variables[name] for name in names} == {URL}
    assert variables["NODE_USE_ENV_PROXY"] == "1"


def test_proxy_variables_that_websockets_prefers_are_replaced() -> None:
    variables = env(socks_proxy="socks5://x:1", WSS_PROXY="http://x:1")
    assert "socks_proxy" not in variables
    assert variables["wss_proxy"] == variables["WSS_PROXY"] == URL


@pytest.mark.parametrize(
    ("no_proxy", "expected"),
    [
        ("example.com,.local", "example.com,.local,127.0.0.1,localhost"),
        ("localhost", "localhost,127.0.0.1"),
        ("*", "127.0.0.1,localhost"),
        (".fal.run, fal.ai,*.falrun.com run media:443", "127.0.0.1,localhost"),
        ("notfal.run,queue.fal.run", "notfal.run,127.0.0.1,localhost"),
        ("10.0.0.0/8,::1", "10.0.0.0/8,::1,127.0.0.1,localhost"),
    ],
)
def test_hosts_without_a_proxy_stay_unless_they_are_fals(no_proxy: str, expected: str) -> None:
    assert env(NO_PROXY=no_proxy)["no_proxy"] == expected
    assert env(no_proxy=no_proxy)["NO_PROXY"] == expected


@given(st.lists(st.sampled_from(["a.b", "*", ".run", "ai", ".fal.run", "*.fal.media", "x:80", ""])))
def test_no_proxy_never_matches_a_host_of_fal(entries: list[str]) -> None:
    direct = env(NO_PROXY=",".join(entries))["no_proxy"]
    for host in CANONICAL_HOSTS:
        assert not proxy_bypass_environment(host, {"no": direct})
    assert proxy_bypass_environment("localhost", {"no": direct})


def test_a_key_is_kept_and_copied_to_the_variables_of_other_clients() -> None:
    variables = env(FAL_KEY="a:b")
    assert variables["FAL_KEY"] == variables["FAL_API_KEY"] == variables["FAL_AI_API_KEY"] == "a:b"
    variables = env(FAL_KEY_ID="a", FAL_KEY_SECRET="b")
    assert variables["FAL_KEY"] == "a:b"
    variables = env(FAL_AI_API_KEY="c:d", FAL_KEY="")
    assert variables["FAL_KEY"] == variables["FAL_AI_API_KEY"] == "c:d"


def test_a_key_of_the_config_replaces_all_keys() -> None:
    variables = env(
        RedirectConfig(URL, CONFIG.bundle, CONFIG.extra_certs, key="x:y"), FAL_KEY="a:b"
    )
    assert variables["FAL_KEY"] == variables["FAL_API_KEY"] == "x:y"


def test_host_variables_are_removed() -> None:
    bases = {"FAL_AI_API_BASE": "http://x", "FAL_AI_QUEUE_API_BASE": "http://x"}
    assert env(FAL_RUN_HOST="x.example", FAL_HOST="api.x", **bases).keys() == env().keys()


@pytest.mark.parametrize("folder", ["/plain", "/with space", '/with "quotes"', "/with\\slash"])
def test_node_requires_the_preload_after_its_own_options(folder: str) -> None:
    path = Path(folder) / "preload.cjs"
    config = RedirectConfig(URL, CONFIG.bundle, CONFIG.extra_certs, node_preload=path)
    options = env(config, NODE_OPTIONS="--max-old-space-size=99")["NODE_OPTIONS"]
    first, second = shlex.split(options)  # double quotes and backslashes mean the same to Node
    assert (first, second) == ("--max-old-space-size=99", f"--require={path.as_posix()}")
    assert env(config, NODE_OPTIONS=options)["NODE_OPTIONS"] == options


def test_the_hooks_for_python_come_first_and_once() -> None:
    config = RedirectConfig(
        URL, CONFIG.bundle, CONFIG.extra_certs, python_hooks=Path("/hooks"), escapes_file=Path("/e")
    )
    path = env(config, PYTHONPATH=os.pathsep.join(("/mine", "/hooks")))["PYTHONPATH"]
    assert path == os.pathsep.join(("/hooks", "/mine"))
    assert env(config)["PYTHONPATH"] == "/hooks"
    assert env(config)["FAKEFAL_ESCAPES"] == "/e"


def test_certificates_of_the_user_are_found_once() -> None:
    current = {
        "SSL_CERT_FILE": "/corp.pem",
        "REQUESTS_CA_BUNDLE": "/corp.pem",
        "CURL_CA_BUNDLE": "",
    }
    assert trusted_files(current) == [Path("/corp.pem")]
    assert trusted_files({"DENO_CERT": "/deno.pem"}, EXTRA_CA_VARIABLES) == [Path("/deno.pem")]
