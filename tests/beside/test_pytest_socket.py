"""pytest-socket: refused with what to do, or working where it allows loopback; nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.beside.running import run_beside

TESTS = """
import socket

import fal_client
import pytest

def send(fakefal):
    fakefal.on().text("ok")
    assert fal_client.run("fal-ai/any-llm", {"prompt": "x"})["output"] == "ok"

def test_plain(fakefal):
    send(fakefal)

@pytest.mark.enable_socket
def test_enabled(fakefal):
    send(fakefal)

@pytest.mark.allow_hosts(["127.0.0.1"])
def test_allowed(fakefal):
    send(fakefal)

@pytest.mark.allow_hosts(["192.0.2.1"])
def test_another_host_allowed(fakefal):
    send(fakefal)

@pytest.mark.disable_socket
def test_disabled(fakefal):
    send(fakefal)

def test_disabled_later(fakefal, request):
    request.getfixturevalue("socket_disabled")
    fal_client.run("fal-ai/any-llm", {"prompt": "x"})

@pytest.mark.enable_socket
def test_bare():
    assert socket.socket.__module__ == "socket"
    assert getattr(socket.socket.connect, "__module__", "") != "pytest_socket"
"""
CURE = "--allow-hosts=127.0.0.1"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "failing"),
    [
        ((), ["another_host_allowed", "disabled", "disabled_later"]),
        (
            ("--disable-socket",),
            ["plain", "another_host_allowed", "disabled", "disabled_later"],
        ),
        (
            ("--disable-socket", "--allow-hosts=127.0.0.1"),
            ["another_host_allowed", "disabled", "disabled_later"],
        ),
    ],
    ids=["markers", "disabled", "loopback"],
)
def test_what_is_refused_says_what_to_do(
    tmp_path: Path, options: tuple[str, ...], failing: list[str]
) -> None:
    ended = run_beside(tmp_path, TESTS, "-p", "pytest_socket", *options)
    refused = [
        line.split("::test_")[1].split(" ")[0]
        for line in ended.text.splitlines()
        if line.startswith(("ERROR", "FAILED"))
    ]
    assert sorted(refused) == sorted(failing), ended.text
    assert ended.text.count("pytest-socket forbids the sockets of the fake") >= len(failing)
    assert CURE in ended.text
