"""Runs an image as an engine does: processes of its own, its user, a root that is read-only."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.container.building import Image, mounted

SECONDS = 30

_ENTER = """
set -e
mount --make-rprivate /
mount --bind "$root" "$root"
mount --bind "$volumes/home" "$root/home/fakefal"
mount --bind "$volumes/ca" "$root/ca"
mount --bind "$scenarios" "$root/scenarios"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,ro,bind "$root"
"""


class Container:
    """A running container. ``lines`` are those that it has printed so far; ``ca`` is a volume."""

    def __init__(
        self, process: subprocess.Popen[str], image: Image, env: dict[str, str], ca: Path
    ) -> None:
        self._process = process
        self.ca = ca
        self._image = image
        self.env = env
        self.lines: list[str] = []

    @property
    def pid(self) -> int:
        """Its first process, as the outside numbers it."""
        parent = self._process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="utf-8")
        return int(children.split()[0])

    def read_until(self, word: str) -> str:
        """The line that begins with a word; those before it are kept."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.split()[:1] == [word]:
                return line
        raise AssertionError("\n".join(["it has ended:", *self.lines]))

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside, as ``docker exec`` does."""
        uid, _, gid = self._image.config["User"].partition(":")
        inside = ("--mount", "--pid", "--root", "--wd", f"--setuid={uid}", f"--setgid={gid}")
        clean = ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in self.env.items())]
        return subprocess.run(
            ["nsenter", f"--target={self.pid}", *inside, *clean, *command],
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )

    def status(self) -> dict[str, str]:
        """What the kernel says of its first process."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    def stop(self) -> int:
        """Stop it as an engine does, with SIGTERM; its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        assert self._process.stdout is not None
        self.lines += self._process.stdout.read().splitlines()
        return self._process.wait(SECONDS)


def environment_of(image: Image, **more: str) -> dict[str, str]:
    """The environment that an image sets, with what is added to it."""
    variables = dict(entry.split("=", 1) for entry in image.config["Env"])
    return {**variables, **more}


@contextmanager
def living(
    image: Image,
    *arguments: str,
    scenarios: Path | None = None,
    within: Sequence[str] = (),
    **env: str,
) -> Iterator[Container]:
    """A container from an image; ``within`` comes before its command, to enter a network."""
    with tempfile.TemporaryDirectory() as folder:
        volumes = Path(folder)
        uid, _, gid = image.config["User"].partition(":")
        for name in ("home", "ca", "none"):
            (volumes / name).mkdir()
            os.chown(volumes / name, int(uid), int(gid))
        command = [*image.config["Entrypoint"], *(arguments or image.config["Cmd"])]
        variables = environment_of(image, **env)
        root = mounted(image)
        given = {"root": root, "volumes": volumes, "scenarios": scenarios or volumes / "none"}
        clean = ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in variables.items())]
        last = ["exec", "chroot", f"--userspec={uid}:{gid}", str(root), *clean, *command]
        script = "\n".join(
            [
                *(f"{name}={shlex.quote(str(value))}" for name, value in given.items()),
                _ENTER,
                shlex.join(last),
            ]
        )
        unshared = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]
        process = subprocess.Popen(
            [*within, *unshared],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        container = Container(process, image, variables, volumes / "ca")
        try:
            yield container
        finally:
            _kill(container)
            process.kill()
            process.wait(SECONDS)
            assert process.stdout is not None
            process.stdout.close()


def _kill(container: Container) -> None:
    """Kill the first process of a container, and with it all others of its PID namespace.

    ``unshare --kill-child`` is not enough: the kernel forgets the signal when ``chroot`` changes
    the user (prctl(2), PR_SET_PDEATHSIG).
    """
    with suppress(OSError, IndexError):  # it has ended
        os.kill(container.pid, signal.SIGKILL)


def free_port() -> str:
    """A port that nobody uses at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return str(found.getsockname()[1])
