"""The private hosts file."""

from __future__ import annotations

from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from fakefal.guard.hosts_file import guard_address, hosts_text, nsswitch_text
from fakefal.protocol.core.hosts import CANONICAL_HOSTS, is_fal_host

HOSTS = """\
127.0.0.1 localhost  # here
10.0.0.1 fal.run Queue.FAL.run. mirror.example
10.0.0.2 rest.fal.ai # all of it
"""


def test_all_hosts_of_fal_resolve_to_the_address_only() -> None:
    lines = hosts_text(HOSTS, "127.86.1.2").splitlines()
    for number, address in ((0, "127.86.1.2"), (1, "::ffff:127.86.1.2")):
        assert lines[number].split() == [address, *CANONICAL_HOSTS]
    assert lines[2:] == ["127.0.0.1 localhost  # here", "10.0.0.1 mirror.example", ""]


def test_without_a_hosts_file_localhost_is_added() -> None:
    assert "127.0.0.1 localhost" in hosts_text("", "127.86.1.2")


@given(st.text())
def test_no_other_line_has_a_host_of_fal(existing: str) -> None:
    lines = hosts_text(existing, "127.86.1.2").splitlines()[2:]
    names = [name for line in lines for name in line.partition("#")[0].split()[1:]]
    assert not any(map(is_fal_host, names))


@given(st.integers(min_value=0, max_value=2**22))
def test_each_run_has_an_address_of_this_machine(number: int) -> None:
    address = ip_address(guard_address(number))
    assert address.is_loopback
    assert address != ip_address("127.0.0.1")
    assert int(address) & 0xFF not in (0, 255)


def test_the_hosts_file_is_read_before_any_service() -> None:
    hosts = "hosts:  mymachines resolve [!UNAVAIL=return] files dns"
    existing = f"passwd: files\n{hosts}\ngroup: files\n"
    assert nsswitch_text(existing) == "passwd: files\nhosts: files dns\ngroup: files\n"
    assert nsswitch_text("passwd: files\n") == "passwd: files\nhosts: files dns\n"
    assert nsswitch_text("") == "hosts: files dns\n"
