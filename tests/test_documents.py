"""Every example of the README and of docs/ is run as it stands."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import fal_client
import pytest

from fakefal.control.routes import ROUTES
from fakefal.errors import FakefalError
from fakefal.protocol.core.compat_flags import FLAG_NAMES
from fakefal.protocol.errors.catalog import CATALOG
from fakefal.protocol.errors.fault import OPERATIONS
from fakefal.scenario.files.loader import load_file, load_text
from fakefal.scenario.matching.operators import OPERATORS
from fakefal.scenario.model.defaults import ScenarioDefaults
from fakefal.scenario.model.faults import FAULT_DESCRIPTIONS
from fakefal.scenario.model.options import Options
from fakefal.scenario.model.webhooks import JWKS_WORDS, WEBHOOK_WORDS, JwksSpec, WebhookSpec
from fakefal.scenario.presets.registry import PRESETS
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from fakefal.testing.config.settings import SETTINGS
from fakefal.testing.fixture import FakeFal
from fakefal.testing.receiver import Receiver
from tests.blackbox.driving import environment
from tests.blackbox.installing import JS_FOLDER, node_with_clients, openai_python
from tests.serving import serve

ROOT = Path(__file__).parents[1]
FIXTURES = (
    *("fakefal", "fakefal_factory", "fakefal_receiver", "fakefal_server"),
    *("fakefal_clock", "fakefal_key", "fakefal_options", "fakefal_scenario"),
)
FINDINGS = ("unused", "uncollected", "undelivered", "refused")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
COMMAND_NAMES = (
    "serve",
    "run",
    "record",
    "import",
    "diff",
    "env",
    "check",
    "schema",
    "presets",
    "explain",
    "webhooks",
    "health",
    "verify",
    "ca",
    "demo",
)
DEFAULTS = [name for name in ScenarioDefaults.model_fields if name != "options"]
ADDRESS = "http://127.0.0.1:8787"


class Block(NamedTuple):
    """A fenced example: its language and text, and where it stands."""

    language: str
    text: str
    location: str


def blocks(*languages: str) -> list[Block]:
    found = []
    for document in DOCUMENTS:
        content = document.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(content):
            indent, language, text = match.groups()
            if language in languages:
                line = content.count("\n", 0, match.start()) + 1
                text = re.sub(f"^{indent}", "", text, flags=re.MULTILINE)
                found.append(Block(language, text, f"{document.name}:{line}"))
    return found


def lines_of(document: str) -> list[str]:
    """The commands that a document shows."""
    return "".join(it.text for it in blocks("sh") if it.location.startswith(document)).splitlines()


def location(block: Block) -> str:
    return block.location


IS_TEST = re.compile(r"^ *(async )?def test_", re.MULTILINE)


@pytest.fixture(scope="module")
def served() -> Iterator[FakeFalServer]:
    scenarios = [ROOT / "scenarios" / name for name in ("quickstart.yaml", "every-way.yaml")]
    with ThreadedServer(FakeFalServer(*scenarios, clock="instant")) as fake:
        yield fake


def run(command: list[str], folder: Path, **env: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment("any:key", **env),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_scenario_in_the_documents_loads() -> None:
    problems = []
    for block in blocks("yaml"):
        try:
            loaded = load_text(block.text, block.location)
        except FakefalError as error:
            problems.append(str(error))
        else:
            if not (loaded.exchanges or loaded.routes or loaded.scenario.account):
                problems.append(f"{block.location}: without exchanges, routes and account")
    assert problems == []


@pytest.mark.parametrize("document", [it.name for it in DOCUMENTS])
def test_the_tests_of_a_document_pass(document: str, pytester: pytest.Pytester) -> None:
    found = [block for block in blocks("python") if IS_TEST.search(block.text)]
    of_it = [block for block in found if block.location.startswith(f"{document}:")]
    for block in of_it:
        line = int(block.location.rpartition(":")[2])
        pytester.makepyfile(**{f"test_line_{line}": block.text})
    pytester.makeini("[pytest]\nasyncio_mode = auto\nfilterwarnings = error")
    # elsewhere an example shows how something is written, and need not use it
    shown = () if document == "pytest.md" else [f"--fakefal-{it}=ignore" for it in FINDINGS]
    result = pytester.runpytest_subprocess(
        "-o", "asyncio_default_fixture_loop_scope=function", "-p", "no:cacheprovider", *shown
    )
    passed = result.parseoutcomes().pop("passed", 0) if of_it else 0
    assert result.ret == (pytest.ExitCode.OK if of_it else pytest.ExitCode.NO_TESTS_COLLECTED)
    assert passed >= sum(len(IS_TEST.findall(block.text)) for block in of_it)


PROGRAMS = [block for block in blocks("python") if not IS_TEST.search(block.text)]


def is_openais(block: Block) -> bool:
    return "import openai" in block.text


@pytest.mark.parametrize(
    "block", [block for block in PROGRAMS if not is_openais(block)], ids=location
)
def test_a_program_in_the_documents_runs(
    block: Block, served: FakeFalServer, tmp_path: Path
) -> None:
    run_program(sys.executable, block, served, tmp_path)


@pytest.mark.blackbox
@pytest.mark.parametrize("block", [it for it in PROGRAMS if is_openais(it)], ids=location)
def test_a_program_with_openais_client_runs(
    block: Block, served: FakeFalServer, tmp_path: Path
) -> None:
    run_program(openai_python("3.54.0"), block, served, tmp_path)


def run_program(python: str, block: Block, served: FakeFalServer, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    program = tmp_path / "program.py"
    program.write_text(block.text.replace(ADDRESS, served.url), encoding="utf-8")
    printed = run([python, str(program)], tmp_path)
    assert "Ship it." in printed or "/queue.fal.run" in printed


@pytest.mark.blackbox
@pytest.mark.parametrize("block", blocks("js"), ids=location)
def test_a_script_in_the_documents_runs(block: Block, served: FakeFalServer) -> None:
    node = node_with_clients()
    program = block.text.replace(ADDRESS, served.url)
    printed = run([node, "--input-type=module", "--eval", program], JS_FOLDER)
    assert "Ship it." in printed.splitlines()


def test_the_curl_call_of_the_readme_answers(served: FakeFalServer, tmp_path: Path) -> None:
    shown = [block.text for block in blocks("sh") if block.location.startswith("README")]
    (call,) = [text for text in shown if text.startswith("curl")]
    printed = run(["sh", "-c", call.replace(ADDRESS, served.url)], tmp_path)
    assert printed == '{"output":"Ship it.","reasoning":null,"partial":false,"error":null}'


def test_the_commands_of_the_guide_to_faults_print(tmp_path: Path) -> None:
    for line in lines_of("faults.md"):
        command = line.partition("#")[0].split()
        assert run([sys.executable, "-m", *command], tmp_path).strip()


def test_the_commands_of_the_guide_to_webhooks_run(
    tmp_path: Path, fakefal: FakeFal, fakefal_receiver: Receiver
) -> None:
    fakefal.on().text("x")
    url = fakefal_receiver.url
    id_ = fal_client.submit("fal-ai/any-llm", {"prompt": "x"}, webhook_url=url).request_id
    fakefal.webhooks.wait()
    command = f'"{sys.executable}" -m fakefal'
    for line in lines_of("webhooks.md"):
        line_command = line.replace("fakefal webhooks", f"{command} webhooks --url {fakefal.url}")
        line_command = line_command.replace("fakefal ca", f"{command} ca").replace(
            "REQUEST_ID", id_
        )
        printed = run(["sh", "-c", line_command], tmp_path, FAKEFAL_HOME=str(tmp_path))
        assert printed or (tmp_path / line.partition("> ")[2].split()[0]).exists()
    fakefal_receiver.wait(2)


def test_the_guide_to_the_control_api_is_run_as_it_stands(tmp_path: Path) -> None:
    scenario = ROOT / "scenarios" / "quickstart.yaml"
    requested: set[str] = set()
    with ThreadedServer(FakeFalServer(scenario, clock="instant", home=tmp_path)) as fake:
        script = "\n".join(block.text for block in blocks("bash"))
        local_script = script.replace(ADDRESS, fake.url)
        run(["bash", "-euo", "pipefail", "-c", local_script], tmp_path, NO_PROXY="*")
    for line in script.splitlines():
        method = re.search(r"-X (\w+)", line)
        for path in re.findall(r"\$FAKE(/[\w./$-]*)", line):
            path = path.replace("$id", "{request_id}").replace("/exchanges/0", "/exchanges/{index}")
            requested.add(f"{method[1] if method else 'GET'} {path}")
    assert {f"{it.method} {it.path}" for it in ROUTES if it.path != "/"} <= requested


def test_the_commands_of_the_guide_to_proxies_run(tmp_path: Path) -> None:
    lines = lines_of("proxy.md")
    serves = [line.split()[2:] for line in lines if line.startswith("fakefal serve")]
    programs = [it.text for it in blocks("sh") if it.location.startswith("proxy.md")][1::2]
    env = {"FAKEFAL_HOME": str(tmp_path), "CURL_CA_BUNDLE": "", "SSL_CERT_FILE": ""}
    for arguments, program in zip(serves, programs, strict=True):
        free = ["0" if word == "8443" else word for word in arguments]
        with serve(*free, "--clock", "instant", FAKEFAL_HOME=str(tmp_path)) as served:
            shell_text = program.replace(ADDRESS, served.url).replace(
                "python -c", f"{sys.executable} -c"
            )
            shell_text = shell_text.replace("fakefal ca", f"{sys.executable} -m fakefal ca")
            tls = re.search(r"https://127.0.0.1:(\d+)", served.greeting[0])
            shell_text = shell_text.replace(":8443", f":{tls[1] if tls else 8443}")
            printed = run(["sh", "-c", shell_text], ROOT, HTTPS_PROXY="", NO_PROXY="", **env)
            assert printed.count("Ship it.") == shell_text.count("tagline")


def test_the_two_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    (commands,) = [block.text for block in blocks("sh") if block.text.startswith("make")]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in commands.split("\n")[:2]:
        target = command.removeprefix("make ")
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert commands.split("\n")[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_everything_that_a_user_can_name_is_in_the_documents() -> None:
    text = "".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    options = [field.alias or name for name, field in Options.model_fields.items()]
    wanted = [
        *(f"`fakefal {name}`" for name in COMMAND_NAMES),
        *(f"`{name}`" for name in FIXTURES),
        *(f"`{setting.ini}`" for setting in SETTINGS),
        *(f"`--fakefal-no-{it.name}" for it in SETTINGS if it.kind == "bool" and it.default),
        *(f"`{it.option}" for it in SETTINGS if it.kind != "bool" or not it.default),
        *(f"`{name}`" for name in WEBHOOK_WORDS),
        *(f"`{name}`" for name in WebhookSpec.model_fields),
        *(f"`{name}`" for name in JWKS_WORDS),
        *(f"{{{name}: " for name in JwksSpec.model_fields if name != "times"),
        *(f"`{name}`" for name in options),
        *(f"`{name}`" for name in CATALOG),
        *(f"`{name}`" for name in (*FAULT_DESCRIPTIONS, *PRESETS, *OPERATIONS)),
        *(f"`{name}`" for name in DEFAULTS),
        *(f"/_fakefal{route.path}`" for route in ROUTES if route.path != "/"),
        *OPERATORS,
    ]
    assert [name for name in wanted if name not in text] == []
    assert set(FLAG_NAMES) < set(options)


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in sorted((ROOT / "scenarios").iterdir())
        if path.is_file() and path.name != "scenario.schema.json"
    ],
    ids=lambda path: path.name,
)
def test_an_example_scenario_loads_and_names_the_schema(path: Path) -> None:
    loaded = load_file(path)
    assert all(entry.model.id for entry in loaded.exchanges)
    assert (
        "scenario.schema.json"
        in path.read_text(encoding="utf-8").splitlines()[1 if path.suffix == ".json" else 0]
    )


def test_every_link_between_the_documents_leads_somewhere() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (document.parent / target).exists(), f"{document.name}: {target}"
