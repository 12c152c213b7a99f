"""Host names: fal's own, older and backup ones, and others."""

from __future__ import annotations

import pytest

from fakefal.protocol.core import hosts
from fakefal.protocol.core.hosts import canonical_host


def test_every_name_of_fal_has_a_canonical_host() -> None:
    expected = {
        "fal.run": hosts.RUN,
        "queue.fal.run": hosts.QUEUE,
        "ws.fal.run": hosts.WS,
        "rest.fal.ai": hosts.REST,
        "rest.alpha.fal.ai": hosts.REST,
        "v3.fal.media": hosts.MEDIA_V3,
        "v3b.fal.media": hosts.MEDIA_V3B,
        "fal.media": hosts.MEDIA_V1,
        "api.fal.ai": hosts.API,
        "auth.fal.ai": hosts.AUTH,
        "wma.fal.run": hosts.WEBRTC,
        "falrun.com": hosts.RUN,
        "queue.falrun.com": hosts.QUEUE,
        "gateway.fal.ai": hosts.RUN,
        "gateway.alpha.fal.ai": hosts.RUN,
        "fal.ai": hosts.SITE,
        "www.fal.ai": hosts.SITE,
    }
    assert {name: canonical_host(name) for name in expected} == expected


@pytest.mark.parametrize(
    "name", ["Queue.FAL.run", "queue.fal.run.", "queue.fal.run:443", "QUEUE.fal.run.:8787"]
)
def test_case_a_trailing_dot_and_a_port_do_not_matter(name: str) -> None:
    assert canonical_host(name) == hosts.QUEUE


@pytest.mark.parametrize(
    "name", ["", "localhost", "127.0.0.1:8787", "[::1]:80", "notfal.run", "fal.run.evil.com", "run"]
)
def test_other_names_are_not_fals(name: str) -> None:
    assert canonical_host(name) is None


def test_every_host_is_a_name_of_itself() -> None:
    assert {canonical_host(host) for host in hosts.CANONICAL_HOSTS.values()} == set(
        hosts.CANONICAL_HOSTS.values()
    )


def test_the_hosts_of_files_are_hosts_of_fal() -> None:
    assert (
        set(hosts.CANONICAL_HOSTS.values())
        > hosts.MEDIA_HOSTS
        == {
            "v3.fal.media",
            "v3b.fal.media",
            "fal.media",
        }
    )
