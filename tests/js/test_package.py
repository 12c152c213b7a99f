"""The npm package: built, packed, and tested with the tools of its users."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fakefal import __version__
from tests.blackbox.installing import CACHE, NPM, locked, missing

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "js"
EXAMPLES = PACKAGE / "examples"
COMMAND = Path(sys.executable).with_name("fakefal.exe" if sys.platform == "win32" else "fakefal")
SECONDS = 300
ENTRIES = ("index", "jest", "jest-setup", "node-test")
ESM_ENTRIES = (*ENTRIES, "vitest", "vitest-setup")

pytestmark = [pytest.mark.blackbox, pytest.mark.slow, pytest.mark.xdist_group("js")]


def run(*command: str, folder: Path) -> str:
    """The output of a command that must succeed."""
    env = dict(os.environ)
    for name in ("FAKEFAL_URL", "FAL_KEY", "NODE_OPTIONS"):
        env.pop(name, None)
    env |= {"FAKEFAL_COMMAND": str(COMMAND), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    CACHE.joinpath("js-temporary").mkdir(parents=True, exist_ok=True)
    env |= dict.fromkeys(
        ("TMPDIR", "TMP", "TEMP"), str(CACHE / "js-temporary")
    )  # jest keeps its cache
    done = subprocess.run(
        command,
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


@pytest.fixture(scope="module")
def npm() -> str:
    """npm, with the package installed and built, and linked into the examples."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        missing("node and npm are needed to build the npm package")
    lock = (PACKAGE / "package-lock.json").read_text(encoding="utf-8")
    marker = PACKAGE / "node_modules" / ".complete"
    with locked(CACHE / "js-package.lock"):
        if not marker.exists() or marker.read_text(encoding="utf-8") != lock:
            run(npm, "ci", *NPM, folder=PACKAGE)
            marker.write_text(lock, encoding="utf-8")
        run(npm, "run", "build", folder=PACKAGE)  # fails if the control API and its uses differ
        link = EXAMPLES / "node_modules" / "fakefal"
        link.parent.mkdir(exist_ok=True)
        if not link.exists():
            link.symlink_to(PACKAGE, target_is_directory=True)
    return npm


def write_guide() -> int:
    """Make a test file of the recipes of the guide; returns how many there are."""
    guide = (ROOT / "docs" / "javascript.md").read_text(encoding="utf-8")
    recipes = re.findall(r"^```javascript\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    text = "\n".join(recipes).replace("{ useFakeFal }", "{ contains, useFakeFal }", 1)
    folder = PACKAGE / "test" / "guide"
    folder.mkdir(exist_ok=True)
    (folder / "guide.test.js").write_text(text, encoding="utf-8")
    return len(recipes)


def test_its_own_tests_and_the_recipes_of_the_guide(npm: str) -> None:
    """With 400 tests of the same endpoint and input, a hundred at a time, in four workers."""
    count = write_guide()
    output = run(npm, "test", folder=PACKAGE)
    assert f"guide.test.js ({count} tests)" in output
    assert output.count("(100 tests)") == 4


@pytest.mark.parametrize("example", ["vitest-express", "jest", "node-test"])
def test_an_example(npm: str, example: str) -> None:
    run(npm, "test", folder=EXAMPLES / example)


def test_the_content_of_the_package(npm: str) -> None:
    (packed,) = json.loads(run(npm, "pack", "--dry-run", "--json", folder=PACKAGE))
    paths = {file["path"] for file in packed["files"]}
    folders = {path.rpartition("/")[0] for path in paths}
    assert folders == {"", "dist/esm", "dist/cjs", "hooks", "hooks/node"}
    assert {path for path in paths if "/" not in path} == {"package.json", "README.md"}
    for entry in ESM_ENTRIES:
        assert {f"dist/esm/{entry}.js", f"dist/esm/{entry}.d.ts"} <= paths
    for entry in ENTRIES:
        assert {f"dist/cjs/{entry}.js", f"dist/cjs/{entry}.d.ts"} <= paths
    hooks = ROOT / "fakefal" / "guard" / "hooks" / "node"
    assert {path for path in paths if path.startswith("hooks/node/")} == {
        f"hooks/node/{hook.name}" for hook in hooks.iterdir()
    }


def test_it_loads_as_esm_and_as_commonjs(npm: str) -> None:
    names = "Object.keys(f).sort().join()"
    esm = run(
        *(
            "node",
            "--input-type=module",
            "-e",
            f"import * as f from 'fakefal'; console.log({names})",
        ),
        folder=EXAMPLES,
    )
    commonjs = run(
        "node", "-e", f"const f = require('fakefal'); console.log({names})", folder=EXAMPLES
    )
    assert "startFakeFal" in esm
    assert set(esm.strip().split(",")) == set(commonjs.strip().split(",")) - {"__esModule"}


def test_the_lock_names_no_registry() -> None:
    assert '"resolved"' not in (PACKAGE / "package-lock.json").read_text(encoding="utf-8")


def test_it_has_the_version_of_fakefal_and_needs_nothing() -> None:
    manifest = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))
    assert manifest["version"] == __version__
    assert "dependencies" not in manifest
