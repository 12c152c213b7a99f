"""fal's names resolve to a public address, for code that judges it before it connects."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import fal_client
import httpx
import pytest

from fakefal import FakeFal


def download(url: str) -> bytes:
    """A download as careful programs do it: every address of the host must be public."""
    host = httpx.URL(url).host
    addresses = {entry[4][0] for entry in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)}
    if not all(ip_address(address).is_global for address in addresses):
        raise PermissionError(f"{host} has an address that is not public: {addresses}")
    content: bytes = httpx.get(url).content
    return content


@pytest.mark.fakefal(addresses="global", urls="fal")
def test_a_careful_download_reaches_the_fake(fakefal: FakeFal) -> None:
    fakefal.on("acme/draw").kind("image")
    output: Any = fal_client.run("acme/draw", {})
    assert output["image"]["url"].startswith("https://v3b.fal.media/")
    assert download(output["image"]["url"]).startswith(b"\x89PNG")
    assert ip_address(socket.gethostbyname("fal.run")).is_global


@pytest.mark.fakefal(urls="fal")
def test_by_default_the_address_is_loopback(fakefal: FakeFal) -> None:
    with pytest.raises(PermissionError):
        download("https://fal.media/files/a/b.png")
