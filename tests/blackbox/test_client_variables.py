"""Which variables published clients read for fal's hosts: each is taken away by ``fakefal run``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakefal.guard.environment import HOST_VARIABLES
from tests.blackbox.conftest import FAL_CLIENTS
from tests.blackbox.installing import (
    JS_FOLDER,
    fal_client_folder,
    fal_sdk_python,
    node_with_clients,
    package_sources,
)

pytestmark = pytest.mark.blackbox

FAL_SDK = "1.83.0"
NEWEST = (("litellm", "1.110.2"), ("huggingface_hub", "2.4.0"))
PYTHON_PACKAGES = ("fal", "fal_client", "huggingface_hub", "litellm")
JS_PACKAGES = ("@fal-ai", "@ai-sdk/fal", "@tanstack/ai-fal")

_READ = re.compile(
    r"""(?:(?:environ|getenv|get_secret\w*|envvar|\benv)\W{0,8}["']|process\.env\.|Deno\.env\W+get\W+)"""
    r"""(FAL_[A-Z0-9_]+)"""
)
_OF_A_HOST = re.compile(r"HOST|BASE|URL|ENDPOINT|ORIGIN|SERVER|PROXY|SOCKET")

NOT_A_HOST = {
    "FAL_URL_OUTPUT": "which URLs the fal command prints",
    "FAL_API_SOCKET": "a Unix socket inside of fal's own runners",
}
"""Read, but not the address of a host of fal."""


def read_variables(folder: Path, suffixes: tuple[str, ...]) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.suffix in suffixes and path.is_file():
            yield from _READ.findall(path.read_text(encoding="utf-8", errors="replace"))


def test_a_variable_for_a_host_is_removed() -> None:
    assert _READ.findall('os.getenv("FAL_NEW_HOST")') == ["FAL_NEW_HOST"]
    assert _READ.findall("process.env.FAL_NEW_URL") == ["FAL_NEW_URL"]
    folders = [Path(package_sources(name, version)) / name for name, version in NEWEST]
    interpreter = Path(fal_sdk_python(FAL_SDK))
    for site in interpreter.parents[1].glob("lib/python*/site-packages"):
        folders += [site / name for name in PYTHON_PACKAGES]
    folders += [Path(folder) for version in FAL_CLIENTS if (folder := fal_client_folder(version))]
    node_with_clients()
    scripts = [JS_FOLDER / "node_modules" / name for name in JS_PACKAGES]
    read = {name for folder in folders for name in read_variables(folder, (".py",))}
    read |= {name for folder in scripts for name in read_variables(folder, (".js", ".mjs", ".cjs"))}
    assert {"FAL_KEY", "FAL_RUN_HOST", "FAL_AI_QUEUE_API_BASE"} <= read
    unknown = {name for name in read if _OF_A_HOST.search(name)}
    assert unknown - {*HOST_VARIABLES, *NOT_A_HOST} == set()
