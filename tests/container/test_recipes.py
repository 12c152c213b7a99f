"""The recipes of docs/ci.md, in network namespaces that stand for the networks of an engine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from fakefal.protocol.core.hosts import CANONICAL_HOSTS
from tests.blackbox.driving import environment
from tests.blackbox.installing import JS_FOLDER, node_with_clients
from tests.container.building import ROOT, Image, make_image, run
from tests.container.living import SECONDS, Container, living

pytestmark = pytest.mark.blackbox

TEXT = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
COMPOSE, ACTIONS, GITLAB = map(
    yaml.safe_load, re.findall(r"^```yml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
)
FAKE, APP = "10.231.7.1", "10.231.7.2"

PYTHON_APP = """
import fal_client
print(fal_client.subscribe("fal-ai/any-llm", {"prompt": "Write a tagline"})["output"])
"""
JS_APP = """
import { fal } from "@fal-ai/client";
const { data } = await fal.subscribe("fal-ai/any-llm", { input: { prompt: "Write a tagline" } });
console.log(data.output);
"""
JOURNAL_APP = """
import json, sys, urllib.request
headers = {"x-fakefal-token": sys.argv[1], "x-fakefal-key": "any:key"}
request = urllib.request.Request("http://fakefal:8787/_fakefal/journal?kind=call", headers=headers)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
print(len(json.load(opener.open(request))))
"""


@pytest.fixture(scope="module")
def image() -> Image:
    return make_image()


class Network:
    """A network of two hosts: that of the fake, and that of the app."""

    def __init__(self, name: str) -> None:
        self.fake, self.app = f"{name}f", f"{name}a"
        self._links = (f"{name}f0", f"{name}a0")

    def make(self) -> None:
        """Make the hosts and the wire between them; the fake's may bind 443, as Docker's may."""
        near, far = self._links
        for host in (self.fake, self.app):
            run("ip", "netns", "add", host)
            run("ip", "-n", host, "link", "set", "lo", "up")
        run("ip", "link", "add", near, "type", "veth", "peer", "name", far)
        for host, link, address in ((self.fake, near, FAKE), (self.app, far, APP)):
            run("ip", "link", "set", link, "netns", host)
            run("ip", "-n", host, "addr", "add", f"{address}/24", "dev", link)
            run("ip", "-n", host, "link", "set", link, "up")
        start = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
        run(*self.within(self.fake), "sh", "-c", f"echo 0 > {start}")

    @staticmethod
    def within(host: str) -> tuple[str, ...]:
        """What comes before a command that runs on a host."""
        return ("ip", "netns", "exec", host)

    def remove(self) -> None:
        """Take it down."""
        for host in (self.fake, self.app):
            subprocess.run(["ip", "netns", "del", host], capture_output=True, check=False)


@pytest.fixture
def network() -> Iterator[Network]:
    found = Network(f"ff{os.getpid()}")
    found.make()
    try:
        yield found
    finally:
        found.remove()


@contextmanager
def hosts_file(folder: Path, text: str) -> Iterator[tuple[str, ...]]:
    """What comes before a command for which this is the hosts file."""
    file = folder / "hosts"
    file.write_text(f"127.0.0.1 localhost\n{text}\n", encoding="utf-8")
    script = 'mount --bind "$0" /etc/hosts && exec "$@"'
    yield ("unshare", "--mount", "sh", "-c", script, str(file))


def printed(*command: str, env: dict[str, str], within: Path | None = None) -> str:
    done = subprocess.run(
        command,
        env=env,
        cwd=within,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def app_environment(given: dict[str, str], ca: Path) -> dict[str, str]:
    """The environment of an app container; nothing leads elsewhere."""
    base = environment("not used")
    for name in ("HTTPS_PROXY", "NO_PROXY", "FAL_KEY"):
        base.pop(name)
    return {**base, **{name: value.replace("/ca/ca.pem", str(ca)) for name, value in given.items()}}


def served(container: Container) -> Path:
    """Wait until a container listens; where its certificate lies."""
    container.read_until("curl")
    return container.ca / "ca.pem"


def test_every_recipe_leads_all_of_fals_names_to_the_fake() -> None:
    aliases = COMPOSE["services"]["fakefal"]["networks"]["default"]["aliases"]
    script = ACTIONS["jobs"]["test"]["steps"][1]["run"]
    (service,) = GITLAB["test"]["services"]
    for names in (aliases, re.findall(r"[\w.]+", script), service["alias"].split(",")):
        assert set(CANONICAL_HOSTS) <= set(names)


def test_what_the_recipes_set_is_there(image: Image) -> None:
    fake = COMPOSE["services"]["fakefal"]
    mounted = {volume.split(":")[1] for volume in fake["volumes"]}
    assert mounted - {"/scenarios"} <= set(image.config["Volumes"])
    (service,) = GITLAB["test"]["services"]
    actions = ACTIONS["jobs"]["test"]["services"]["fakefal"]
    for given in (fake["environment"], actions["env"], service["variables"]):
        assert given == {"FAKEFAL_TLS_PORT": "443", "FAKEFAL_TOKEN": "only-in-ci"}
    app = COMPOSE["services"]["app"]
    assert app["depends_on"] == {"fakefal": {"condition": "service_healthy"}}


def test_an_unmodified_app_reaches_fal_by_name(
    image: Image, network: Network, tmp_path: Path
) -> None:
    node = node_with_clients()
    given = COMPOSE["services"]["fakefal"]["environment"]
    names = " ".join(COMPOSE["services"]["fakefal"]["networks"]["default"]["aliases"])
    with (
        living(
            image, scenarios=ROOT / "scenarios", within=network.within(network.fake), **given
        ) as container,
        hosts_file(tmp_path, f"{FAKE} fakefal {names}") as names_led,
    ):
        env = app_environment(COMPOSE["services"]["app"]["environment"], served(container))
        inside = (*network.within(network.app), *names_led)
        assert printed(*inside, sys.executable, "-c", PYTHON_APP, env=env) == "Ship it."
        script = (node, "--input-type=module", "--eval", JS_APP)
        assert printed(*inside, *script, env=env, within=JS_FOLDER) == "Ship it."
        journal_command = (sys.executable, "-c", JOURNAL_APP, given["FAKEFAL_TOKEN"])
        assert printed(*inside, *journal_command, env=env) == "2"
        assert container.stop() == 0


def steps(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_the_steps_for_github_do_what_they_say(
    image: Image, network: Network, tmp_path: Path
) -> None:
    job = ACTIONS["jobs"]["test"]
    lead, send, test, misses = steps(job)
    assert test == "pytest"
    sudo = tmp_path / "bin" / "sudo"
    sudo.parent.mkdir()
    sudo.write_text('#!/bin/sh\nexec "$@"\n', encoding="utf-8")
    sudo.chmod(0o755)
    environment_file = tmp_path / "env"
    script = tmp_path / "job.sh"
    app = tmp_path / "app.py"
    app.write_text(PYTHON_APP, encoding="utf-8")
    export = f'while read -r line; do export "$line"; done < {environment_file}'
    run_app = f"{sys.executable} {app}"
    script.write_text("\n".join(["set -e", lead, send, export, run_app, misses]), encoding="utf-8")
    inside = network.within(network.fake)  # its ports are published on the job's own loopback
    service = job["services"]["fakefal"]
    with (
        living(image, within=inside, **service["env"]) as container,
        hosts_file(tmp_path, "") as names_led,
    ):
        served(container)
        env = app_environment({str(name): value for name, value in job["env"].items()}, tmp_path)
        env |= {"PATH": f"{sudo.parent}:{env['PATH']}", "RUNNER_TEMP": str(tmp_path)}
        env |= {"GITHUB_ENV": str(environment_file), "NO_PROXY": "*"}
        out = printed(*inside, *names_led, "bash", str(script), env=env, within=ROOT)
        assert "Ship it.\n" in out
        assert out.splitlines()[-1] == "[]"


def test_the_script_for_gitlab_does_what_it_says(
    image: Image, network: Network, tmp_path: Path
) -> None:
    job = GITLAB["test"]
    fetch, test = job["script"]
    assert test == "pytest"
    (service,) = job["services"]
    names = service["alias"].replace(",", " ")
    inside = network.within(network.fake)
    with (
        living(
            image, scenarios=ROOT / "scenarios", within=inside, **service["variables"]
        ) as container,
        hosts_file(tmp_path, f"{FAKE} {names}") as names_led,
    ):
        served(container)
        env = {**app_environment(job["variables"], tmp_path), "NO_PROXY": "*"}
        env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
        app = tmp_path / "app.py"
        app.write_text(PYTHON_APP, encoding="utf-8")
        there = (*network.within(network.app), *names_led)
        script = f"set -e\n{fetch}\npython {app}\n"
        assert printed(*there, "sh", "-c", script, env=env, within=tmp_path) == "Ship it."
