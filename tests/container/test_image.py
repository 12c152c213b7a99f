"""The image is built, and run as an engine runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.blackbox.driving import environment
from tests.container.building import ROOT, Image, buildah, make_image, mounted
from tests.container.living import SECONDS, Container, free_port, living
from tests.serving import request_json

pytestmark = pytest.mark.blackbox

PROGRAM = """
import os, fal_client, fal_client.client
base = os.environ["BASE"]
fal_client.client.RUN_URL_FORMAT = f"{base}/fal.run/"
fal_client.client.QUEUE_URL_FORMAT = f"{base}/queue.fal.run/"
print(fal_client.subscribe("fal-ai/any-llm", {"prompt": "Write a tagline"})["output"])
"""


@pytest.fixture(scope="module")
def image() -> Image:
    return make_image()


def started(container: Container, port: str) -> str:
    """The URL of a container that listens."""
    container.read_until("curl")
    return f"http://127.0.0.1:{port}"


def test_it_is_slim(image: Image, capsys: pytest.CaptureFixture[str]) -> None:
    added = image.bytes_in_all - image.bytes_of_base
    with capsys.disabled():
        output = f"image: {image.bytes_in_all / 1e6:.0f} MB, {added / 1e6:.0f} MB of it fakefal"
        sys.stdout.write(f"\n{output}\n")
    assert added < 90_000_000


def test_it_says_how_it_is_to_be_run(image: Image) -> None:
    config = image.config
    assert config["User"] == "10001:10001"
    assert (config["Entrypoint"], config["Cmd"]) == (["fakefal"], ["serve"])
    assert config["Healthcheck"]["Test"] == ["CMD", "fakefal", "health"]
    assert set(config["ExposedPorts"]) == {"8787/tcp", "8443/tcp", "443/tcp"}
    assert set(config["Volumes"]) == {"/home/fakefal", "/ca"}
    assert config["StopSignal"] == "SIGTERM"


def test_nothing_of_the_build_is_left_in_it(image: Image) -> None:
    root = mounted(image)
    output = buildah("inspect", "--type", "image", image.name)
    assert "index-url" not in output
    assert not any(name.startswith("PIP_") for name in image.config["Env"])
    for left in ("build", "wheels", "root/.cache", "opt/fakefal/bin/pip"):
        assert not (root / left).exists()
    assert not list((root / "opt" / "fakefal").rglob("direct_url.json"))
    assert not list((root / "ca").iterdir())
    assert not list((root / "home" / "fakefal").iterdir())


def test_what_is_compiled_cannot_become_stale(image: Image) -> None:
    compiled = list((mounted(image) / "opt" / "fakefal").rglob("fakefal/**/*.pyc"))
    assert compiled
    assert {file.read_bytes()[4:8] for file in compiled} == {b"\x01\0\0\0"}  # by hash, unchecked


def test_a_client_is_answered_and_it_is_healthy_and_it_stops(image: Image, tmp_path: Path) -> None:
    port = free_port()
    with living(image, FAKEFAL_PORT=port, FAKEFAL_TLS_PORT="0") as container:
        url = started(container, port)
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=environment("any:key", BASE=url),
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=True,
        )
        assert done.stdout.strip()
        status = container.status()
        assert status["Uid"].split() == ["10001"] * 4
        assert status["NSpid"].split()[-1] == "1"
        assert int(status["CapEff"], 16) == 0
        checked = container.execute(*image.config["Healthcheck"]["Test"][1:])
        assert (checked.returncode, checked.stderr) == (0, "")
        assert checked.stdout == f"fakefal 0.1.0 is ready at {url}\n"
        assert container.execute("id", "-un").stdout == "fakefal\n"
        assert container.execute("touch", "/opt/fakefal/x").returncode != 0
        assert container.stop() == 0
        assert container.lines[-1] == "stopped after 1 call, 0 misses"


def test_before_it_listens_it_is_not_healthy(image: Image) -> None:
    with living(image, FAKEFAL_PORT=free_port(), FAKEFAL_TLS_PORT="0") as container:
        container.read_until("curl")
        away = {**container.env, "FAKEFAL_PORT": free_port()}
        container.env = away
        assert container.execute("fakefal", "health").returncode == 1


def test_it_stops_at_once_while_it_starts(image: Image) -> None:
    program = "import fakefal.cli.main as m, os, signal; m.main = lambda _: os.kill(1, 15); m.run()"
    with living(image, FAKEFAL_PORT="0", FAKEFAL_TLS_PORT="0") as container:
        container.read_until("curl")
        root = ["unshare", "--pid", "--fork", "chroot", str(mounted(image)), "/usr/bin/env", "-i"]
        output = subprocess.run([*root, "/opt/fakefal/bin/python3", "-c", program], timeout=SECONDS)
        assert output.returncode == 143


def test_the_control_api_demands_a_token_and_gives_the_certificate(image: Image) -> None:
    port = free_port()
    with living(
        image, FAKEFAL_PORT=port, FAKEFAL_TLS_PORT="0", FAKEFAL_TOKEN="chosen"
    ) as container:
        url = started(container, port)
        assert request_json(f"{url}/_fakefal/journal")[0] == 401
        assert request_json(f"{url}/_fakefal/ready", key=None)[0] == 200
        served = subprocess.run(
            ["curl", "-sS", "--noproxy", "*", f"{url}/_fakefal/ca.pem"],
            capture_output=True,
            timeout=SECONDS,
            check=True,
        ).stdout
        shared = Path(f"/proc/{container.pid}/root/ca/ca.pem")
        key = Path(f"/proc/{container.pid}/root/home/fakefal/ca/ca.key")
        assert served == shared.read_bytes()
        assert key.stat().st_mode & 0o777 == 0o600
        assert b"PRIVATE" not in served
        assert [it.name for it in shared.parent.iterdir()] == ["ca.pem"]


def test_scenarios_that_are_mounted_are_served(image: Image, tmp_path: Path) -> None:
    (tmp_path / "nested").mkdir()
    text = "fakefal: 1\nexchanges: [{reply: {text: From a file.}}]\n"
    (tmp_path / "nested" / "one.yaml").write_text(text, encoding="utf-8")
    for path in (tmp_path, tmp_path / "nested"):
        path.chmod(0o755)
    port = free_port()
    env = {"FAKEFAL_PORT": port, "FAKEFAL_TLS_PORT": "0"}
    with living(image, scenarios=tmp_path, **env) as container:
        url = started(container, port)
        status, output = request_json(f"{url}/fal.run/fal-ai/any-llm", {"prompt": "x"})
        assert (status, output["output"]) == (200, "From a file.")


def test_two_builds_have_the_same_content(image: Image) -> None:
    assert make_image("fakefal-again").layers == image.layers


def test_it_runs_under_buildah_too(image: Image) -> None:
    container = buildah("from", "--pull-never", image.name).strip()
    try:
        assert "version 0.1.0" in buildah("run", container, "--", "fakefal", "--version")
    finally:
        buildah("rm", container)


def test_the_pins_are_those_of_the_package() -> None:
    import tomllib
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = (ROOT / "docker" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split(" ")[0].lower().split("==") for line in lines if "==" in line)
    for text in project["project"]["dependencies"]:
        wanted = Requirement(text)
        name = wanted.name.lower().replace("_", "-")
        assert name in pins, f"{name} is not pinned: see docs/ci.md"
        assert wanted.specifier.contains(pins[name])
    assert not any("://" in line for line in lines)
    assert os.path.exists(ROOT / ".dockerignore")
