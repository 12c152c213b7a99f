"""A fake under fal's real names, on 80 and 443, in a world of its own; what clients saw, as JSON.

Run as ``unshare --mount --net python named.py HOSTS SCENARIO COMMANDS``: HOSTS takes the place of
/etc/hosts, and COMMANDS is a JSON object of command lines. No other machine can be reached.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import subprocess
import sys
from typing import Any

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def raise_loopback() -> None:
    """A new network has a loopback device, but it is down."""
    with socket.socket() as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def ask(command: list[str]) -> Any:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=False)
    if done.returncode != 0:
        return {"all": {"crashed": f"exit {done.returncode}\n{done.stderr}"}}
    return json.loads(done.stdout)


def main(hosts: str, scenario: str, commands: str) -> None:
    raise_loopback()
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
    serve = (sys.executable, "-m", "fakefal", "serve", scenario, "--clock", "instant", "--quiet")
    ports = ("--port", "80", "--tls-port", "443", "--host", "0.0.0.0")
    with subprocess.Popen([*serve, *ports], stdout=subprocess.PIPE, encoding="utf-8") as fake:
        assert fake.stdout is not None
        while not fake.stdout.readline().lstrip().startswith("curl"):
            assert fake.poll() is None
        seen = {name: ask(command) for name, command in json.loads(commands).items()}
        fake.terminate()
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
