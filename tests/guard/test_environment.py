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
REACH = RedirectConfig(URL, Path("/ca/bundle.pem"), Path("/ca/ca.pem"))


def env(reach: RedirectConfig = REACH, **current: str) -> dict[str, str]:
    return apply_changes(current, redirect_changes(reach, current))


def test_an_empty_environment_gets_proxy_roots_and_a_key() -> None:
    assert env() == {
        "FAKEFAL_URL": URL,
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), URL),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"),
        **dict.fromkeys(CA_BUNDLE_VARIABLES, "/ca/bundle.pem"),
        **dict.fromkeys(EXTRA_CA_VARIABLES, "/ca/ca.pem"),
        **dict.fromkeys(("FAL_KEY", "FAL_API_KEY", "FAL_AI_API_KEY"), DEFAULT_KEY),
    }


def test_what_is_nobodys_business_stays() -> None:
    found = env(PATH="/bin", HTTP_PROXY="http://proxy:3128", HF_ENDPOINT="http://127.0.0.1:9")
    assert found["PATH"] == "/bin"
    assert found["HTTP_PROXY"] == "http://proxy:3128"
    assert found["HF_ENDPOINT"] == "http://127.0.0.1:9"


def test_who_is_to_let_nobody_out_gets_plain_http_as_well() -> None:
    found = env(
        RedirectConfig(URL, REACH.bundle, REACH.extra_certs, is_proxy_for_all=True),
        ALL_PROXY="socks5://x:1",
    )
    names = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
    assert {found[name] for name in names} == {URL}
    assert found["NODE_USE_ENV_PROXY"] == "1"


def test_what_websockets_asks_before_https_proxy_does_not_lead_past_the_fake() -> None:
    found = env(socks_proxy="socks5://x:1", WSS_PROXY="http://x:1")
    assert "socks_proxy" not in found
    assert found["wss_proxy"] == found["WSS_PROXY"] == URL


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("example.com,.local", "example.com,.local,127.0.0.1,localhost"),
        ("localhost", "localhost,127.0.0.1"),
        ("*", "127.0.0.1,localhost"),
        (".fal.run, fal.ai,*.falrun.com run media:443", "127.0.0.1,localhost"),
        ("notfal.run,queue.fal.run", "notfal.run,127.0.0.1,localhost"),
        ("10.0.0.0/8,::1", "10.0.0.0/8,::1,127.0.0.1,localhost"),
    ],
)
def test_hosts_without_a_proxy_stay_unless_they_are_fals(written: str, kept: str) -> None:
    assert env(NO_PROXY=written)["no_proxy"] == kept
    assert env(no_proxy=written)["NO_PROXY"] == kept


@given(st.lists(st.sampled_from(["a.b", "*", ".run", "ai", ".fal.run", "*.fal.media", "x:80", ""])))
def test_whatever_is_written_fal_goes_through_the_proxy(entries: list[str]) -> None:
    direct = env(NO_PROXY=",".join(entries))["no_proxy"]
    for host in CANONICAL_HOSTS:
        assert not proxy_bypass_environment(host, {"no": direct})
    assert proxy_bypass_environment("localhost", {"no": direct})


def test_a_key_is_kept_and_given_to_clients_that_name_it_otherwise() -> None:
    found = env(FAL_KEY="a:b")
    assert found["FAL_KEY"] == found["FAL_API_KEY"] == found["FAL_AI_API_KEY"] == "a:b"
    found = env(FAL_KEY_ID="a", FAL_KEY_SECRET="b")
    assert found["FAL_KEY"] == "a:b"
    found = env(FAL_AI_API_KEY="c:d", FAL_KEY="")
    assert found["FAL_KEY"] == found["FAL_AI_API_KEY"] == "c:d"


def test_a_key_that_is_asked_for_takes_the_place_of_all() -> None:
    found = env(RedirectConfig(URL, REACH.bundle, REACH.extra_certs, key="x:y"), FAL_KEY="a:b")
    assert found["FAL_KEY"] == found["FAL_API_KEY"] == "x:y"


def test_variables_that_lead_past_the_fake_are_taken_away() -> None:
    assert env(FAL_RUN_HOST="x.example", FAL_HOST="api.x", FAL_AI_API_BASE="http://x").keys() == (
        env().keys()
    )


@pytest.mark.parametrize("folder", ["/plain", "/with space", '/with "quotes"', "/with\\slash"])
def test_node_requires_the_preload_after_its_own_options(folder: str) -> None:
    path = Path(folder) / "preload.cjs"
    reach = RedirectConfig(URL, REACH.bundle, REACH.extra_certs, node_preload=path)
    options = env(reach, NODE_OPTIONS="--max-old-space-size=99")["NODE_OPTIONS"]
    first, second = shlex.split(options)  # double quotes and backslashes mean the same to Node
    assert (first, second) == ("--max-old-space-size=99", f"--require={path.as_posix()}")
    assert env(reach, NODE_OPTIONS=options)["NODE_OPTIONS"] == options


def test_the_hooks_for_python_come_first_and_once() -> None:
    reach = RedirectConfig(
        URL, REACH.bundle, REACH.extra_certs, python_hooks=Path("/hooks"), escapes_file=Path("/e")
    )
    path = env(reach, PYTHONPATH=os.pathsep.join(("/mine", "/hooks")))["PYTHONPATH"]
    assert path == os.pathsep.join(("/hooks", "/mine"))
    assert env(reach)["PYTHONPATH"] == "/hooks"
    assert env(reach)["FAKEFAL_ESCAPES"] == "/e"


def test_certificates_of_the_user_are_found_once() -> None:
    current = {
        "SSL_CERT_FILE": "/corp.pem",
        "REQUESTS_CA_BUNDLE": "/corp.pem",
        "CURL_CA_BUNDLE": "",
    }
    assert trusted_files(current) == [Path("/corp.pem")]
    assert trusted_files({"DENO_CERT": "/deno.pem"}, EXTRA_CA_VARIABLES) == [Path("/deno.pem")]
