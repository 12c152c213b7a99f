"""Installs published clients where they are missing: once, into the checkout's ``.cache``.

Each client has a folder of its own, complete when its marker is there. A lock keeps the workers of
pytest-xdist from installing the same one twice.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "clients"
LOCK = ROOT / "requirements" / "clients.txt"
"""The fal SDK, huggingface_hub and litellm with all that they need, pinned."""
JS_FOLDER = Path(__file__).parent / "js"
PACKAGE_LOCK = JS_FOLDER / "package-lock.json"

_PYTHON = f"py{sys.version_info.major}{sys.version_info.minor}"
_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1")
NPM = (
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    "--legacy-peer-deps",  # @tanstack/ai-fal asks for an @tanstack/ai that is no more
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=500",
    "--fetch-retry-maxtimeout=500",
)
_INSTALL_SECONDS = 600
_NODE_22 = "22.23.3"


def missing(what: str) -> NoReturn:
    """Say that a runtime or a client is not there: a skip at home, a failure in CI."""
    if os.environ.get("CI"):
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes out until the block ends; the lock of a process that died is free."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            while True:
                try:  # gives up after ten seconds
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
                except OSError:
                    continue
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fal_client_folder(version: str) -> str:
    """What must be on PYTHONPATH to import this version of fal_client; may be nothing.

    Its dependencies are those of the version that the tests run with (the ``dev`` extra).
    """
    try:
        if metadata.version("fal_client") == version:
            return ""
    except metadata.PackageNotFoundError:
        missing("fal_client is not installed: install fakefal[dev]")

    def install(folder: Path) -> None:
        _run(sys.executable, *_PIP, "--no-deps", "--target", folder, f"fal_client=={version}")

    return str(_installed(f"fal_client-{version}", install))


def package_folder(name: str, version: str, *, is_locked: bool = True) -> str:
    """What must be on PYTHONPATH to import this version of a package, with all that it needs.

    ``is_locked`` False: what it needs may be of any version.
    """

    def install(folder: Path) -> None:
        requirement = f"{name}=={version}"
        wanted = _pinned(requirement) if is_locked else [requirement]
        _run(sys.executable, *_PIP, "--target", folder, *wanted)

    return str(_installed(f"{name}-{version}-{_PYTHON}", install))


def package_sources(name: str, version: str) -> str:
    """The folder with this version of a package, without what it needs: to be read, not run."""

    def install(folder: Path) -> None:
        _run(sys.executable, *_PIP, "--no-deps", "--target", folder, f"{name}=={version}")

    return str(_installed(f"{name}-{version}-sources", install))


def requirements_folder(name: str, requirements: Path) -> str:
    """A folder for PYTHONPATH with the pinned packages of a file, and nothing that they need."""

    def install(folder: Path) -> None:
        _run(sys.executable, *_PIP, "--no-deps", "--target", folder, "-r", requirements)

    return str(_installed(f"{name}-{_PYTHON}", install))


def fal_sdk_python(version: str) -> str:
    """An interpreter that can import this version of the fal SDK."""

    def install(folder: Path) -> None:
        _run(sys.executable, "-m", "venv", folder)
        _run(_interpreter(folder), *_PIP, "-r", LOCK, f"fal=={version}")

    return str(_interpreter(_installed(f"fal-{version}-and-more-{_PYTHON}", install)))


def fal_command(version: str) -> str:
    """The ``fal`` command of this version of the fal SDK."""
    return str(Path(fal_sdk_python(version)).with_name("fal"))


def older_websockets(version: str) -> str:
    """What must be on PYTHONPATH to import this version of websockets."""

    def install(folder: Path) -> None:
        _run(sys.executable, *_PIP, "--no-deps", "--target", folder, f"websockets=={version}")

    return str(_installed(f"websockets-{version}-{_PYTHON}", install))


def openai_python(version: str) -> str:
    """An interpreter that can import this version of openai."""

    def install(folder: Path) -> None:
        _run(sys.executable, "-m", "venv", folder)
        _run(_interpreter(folder), *_PIP, *_pinned(f"openai=={version}"))

    return str(_interpreter(_installed(f"openai-{version}-{_PYTHON}", install)))


def node_with_clients() -> str:
    """Node, with what ``js/package.json`` names installed beside it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        missing("node and npm are needed to talk with the JavaScript client")
    modules = JS_FOLDER / "node_modules"
    marker = modules / ".complete"
    files = [it for it in (JS_FOLDER / "package.json", PACKAGE_LOCK) if it.exists()]
    wanted = "".join(it.read_text(encoding="utf-8") for it in files)
    with locked(CACHE / "js.lock"):
        if not marker.exists() or marker.read_text(encoding="utf-8") != wanted:
            shutil.rmtree(modules, ignore_errors=True)
            _run(npm, "ci" if PACKAGE_LOCK.exists() else "install", *NPM, within=JS_FOLDER)
            marker.write_text(wanted, encoding="utf-8")
    return node


def node_22() -> str:
    """A Node that obeys proxy variables, where they are asked for (``NODE_USE_ENV_PROXY``)."""
    npm = shutil.which("npm")
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
    package = f"node-{sys.platform}-{machine.get(platform.machine().lower(), 'unknown')}"
    if npm is None or sys.platform not in ("linux", "darwin"):
        missing("npm is needed to install Node 22")

    def install(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "package.json").write_text("{}", encoding="utf-8")
        _run(
            npm,
            "install",
            "--no-package-lock",
            *NPM,
            f"{package}@{_NODE_22}",
            within=folder,
        )

    folder = _installed(f"{package}-{_NODE_22}", install)
    return str(folder / "node_modules" / package / "bin" / "node")


def _pinned(requirement: str) -> list[str]:
    """A requirement, and what it needs held to the lock; the package itself may be another one.

    The lock belongs to one version of each package, and some tests want several of one.
    """
    if not LOCK.exists():
        return [requirement]
    name = requirement.partition("==")[0]
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    constraints = CACHE / f"{requirement}.constraints.txt"
    kept = [line for line in lines if line.partition("==")[0] != name]
    constraints.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return ["-c", str(constraints), requirement]


def _installed(name: str, install: Callable[[Path], None]) -> Path:
    folder = CACHE / name
    marker = folder / ".complete"
    with locked(CACHE / f"{name}.lock"):
        if not marker.exists():
            shutil.rmtree(folder, ignore_errors=True)
            install(folder)
            marker.touch()
    return folder


def _interpreter(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _run(*command: str | Path, within: Path | None = None) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=within,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=_INSTALL_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        missing(f"cannot install: {' '.join(map(str, command))}\n{done.stderr.strip()}")
