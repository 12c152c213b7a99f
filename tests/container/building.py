"""Builds the image without a daemon: ``buildah`` in a chroot, on a base from ``debootstrap``.

No registry of images is asked. The base is a Debian with Python and pip; wheels are fetched
outside, by the pip of this checkout and whatever index it is set to, and the build sees only their
folder. All of it lies in ``.cache/container``: the base for good, an image till its source changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.blackbox.installing import locked, missing

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "container"
EPOCH = "1767225600"
BASE = "localhost/fakefal-base"
TOOLS = ("buildah", "debootstrap", "ip", "unshare", "nsenter", "mount")
PACKAGES = ("buildah", "debootstrap", "iproute2", "util-linux", "mount")
SOURCES = ("Dockerfile", ".dockerignore", "docker", "fakefal", "pyproject.toml", "README.md")
_SECONDS = 900
_STORAGE = (
    *("--root", str(CACHE / "storage"), "--runroot", str(CACHE / "run")),
    *("--storage-driver", "vfs"),  # the one that works on any file system
)


def run(*command: str | Path, **more: Any) -> str:
    """Run a command to its end; its output. A failure shows what it complained of."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=_SECONDS,
        check=False,
        **more,
    )
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")
    out: str = done.stdout
    return out


def buildah(*arguments: str | Path) -> str:
    """Run buildah with a storage of its own."""
    env = {**os.environ, "BUILDAH_ISOLATION": "chroot"}
    return run("buildah", *_STORAGE, *arguments, env=env)


@dataclass(frozen=True)
class Image:
    """An image that was built: its name, its configuration, its layers."""

    name: str
    config: dict[str, Any]
    layers: tuple[str, ...]
    bytes_in_all: int
    bytes_of_base: int


@contextmanager
def alone() -> Iterator[None]:
    """Keep other processes from building meanwhile."""
    with locked(CACHE / "lock"):
        yield


def make_image(name: str = "fakefal") -> Image:
    """The image of the source as it is now, built if there is none yet."""
    prepare()
    with alone():
        tag = f"localhost/{name}:{_print()}"
        if not _exists(tag):
            _forget(name)
            _make_base()
            wheels = _make_wheels()
            _build(tag, wheels)
    return _read(tag)


def mounted(image: Image) -> Path:
    """The file system of an image, as a folder; nobody may write there."""
    with alone():
        kept = CACHE / f"{image.name.rsplit(':')[-1]}.mounted"
        if kept.exists() and Path(kept.read_text()).is_dir():
            return Path(kept.read_text())
        container = buildah("from", "--pull-never", image.name).strip()
        folder = buildah("mount", container).strip()
        kept.write_text(folder)
        return Path(folder)


def prepare() -> None:
    """Have the tools; CI installs them, at home they are there or the test is left out."""
    if sys.platform != "linux":
        missing("containers are built on Linux")
    if os.geteuid() != 0:
        missing("building without a daemon needs root")
    lacking = [tool for tool in TOOLS if shutil.which(tool) is None]
    if not lacking:
        return
    if not os.environ.get("CI") or shutil.which("apt-get") is None:
        missing(f"{', '.join(lacking)}: apt-get install {' '.join(PACKAGES)}")
    with alone():
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run("apt-get", "update", env=env)
        run("apt-get", "install", "-y", "--no-install-recommends", *PACKAGES, env=env)


def _print() -> str:
    """What stands for the source that goes into the image."""
    found = hashlib.sha256()
    for name in SOURCES:
        path = ROOT / name
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                found.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return found.hexdigest()[:16]


def _exists(tag: str) -> bool:
    return tag in buildah("images", "--format", "{{.Name}}:{{.Tag}}").split()


def _forget(name: str) -> None:
    """Make room: images of an older source, and what runs on them."""
    old = [
        tag
        for tag in buildah("images", "--format", "{{.Name}}:{{.Tag}}").split()
        if tag.startswith(f"localhost/{name}:")
    ]
    if old and name == "fakefal":
        buildah("rm", "--all")
        for kept in CACHE.glob("*.mounted"):
            kept.unlink()
    for tag in old:
        buildah("rmi", tag)


def _make_base() -> None:
    """A Debian with Python and pip and little else, made of packages."""
    if _exists(f"{BASE}:latest"):
        return
    archive = CACHE / "base.tar"
    if not archive.exists():
        folder = CACHE / "base"
        shutil.rmtree(folder, ignore_errors=True)
        wanted = "--include=python3,python3-pip"
        run("debootstrap", "--variant=minbase", wanted, _suite(), folder, *_mirror())
        for rest in ("var/lib/apt/lists", "var/cache/apt", "usr/share/doc", "usr/share/man"):
            shutil.rmtree(folder / rest, ignore_errors=True)
        run("tar", "-C", folder, "-cf", archive.with_suffix(".new"), ".")
        archive.with_suffix(".new").rename(archive)
        shutil.rmtree(folder)
    container = buildah("from", "scratch").strip()
    buildah("add", "--quiet", container, archive, "/")
    buildah("commit", "--quiet", "--rm", container, BASE)


def _suite() -> str:
    release = Path("/etc/os-release").read_text(encoding="utf-8")
    output = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    return output["VERSION_CODENAME"] if output.get("ID") == "debian" else "bookworm"


def _mirror() -> list[str]:
    """Where this machine's own packages come from."""
    if _suite() not in Path("/etc/os-release").read_text(encoding="utf-8"):
        return []
    output = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    return output.split()[:1]


def _make_wheels() -> Path:
    """The pinned wheels, for the Python of the base."""
    pins = b"".join(it.read_bytes() for it in sorted((ROOT / "docker").glob("*.txt")))
    folder = CACHE / f"wheels-{hashlib.sha256(pins).hexdigest()[:12]}"
    if (folder / ".complete").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    version = _python_of_base()
    target: list[str] = []
    if version != f"{sys.version_info.major}.{sys.version_info.minor}":
        target = ["--python-version", version, "--implementation", "cp"]
        target += [f"--platform=manylinux{it}_{os.uname().machine}" for it in ("2014", "_2_28")]
    for pinned in sorted((ROOT / "docker").glob("*.txt")):
        fetch = ("download", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes")
        run(sys.executable, "-m", "pip", *fetch, *target, "-d", folder, "-r", pinned)
    (folder / ".complete").touch()
    return folder


def _python_of_base() -> str:
    container = buildah("from", BASE).strip()
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    output = buildah("run", container, "--", "python3", "-c", program).strip()
    buildah("rm", container)
    return output


def _build(tag: str, wheels: Path) -> None:
    given = {"BASE": BASE, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/mnt"}
    arguments = [f"--build-arg={name}={value}" for name, value in given.items()]
    buildah(
        *("bud", "--quiet", "--format", "docker", "--timestamp", EPOCH, *arguments),
        *("--volume", f"{wheels}:/mnt:ro", "--tag", tag, ROOT),
    )


def _read(tag: str) -> Image:
    output = json.loads(buildah("inspect", "--type", "image", tag))["Docker"]
    sizes = {}
    for line in json.loads(buildah("images", "--json")):
        for name in line.get("names") or ():
            sizes[name] = line["size"]
    return Image(
        tag,
        output["config"],
        tuple(output["rootfs"]["diff_ids"]),
        _bytes(sizes[tag]),
        _bytes(sizes[f"{BASE}:latest"]),
    )


def _bytes(text: str) -> int:
    number, unit = text.split()
    return int(float(number) * {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}[unit.upper()])
