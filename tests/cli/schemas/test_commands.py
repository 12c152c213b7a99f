"""``fakefal schemas``, against a fake that serves the descriptions as fal does."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.cli.running import fakefal
from tests.engine.calls.test_schema_calls import write_schema
from tests.scenario.schemas.endpoint_models import describe

FLUX = "fal-ai/flux/dev"
SCENARIO = """\
fakefal: 1
exchanges:
  - when: {endpoint: fal-ai/flux/dev}
    reply:
      output:
        {images: [{url: "https://x/a.png"}], timings: {}, seed: 1, has_nsfw_concepts: [], prompt: x}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Upstream:
    """Serves the descriptions in a folder; ``publish`` replaces one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server: ThreadedServer | None = None
        self.port = 0

    def publish(self, document: Any) -> None:
        self.stop()
        write_schema(self.folder, FLUX, document)
        self.server = ThreadedServer(FakeFalServer(schemas=(self.folder,), port=self.port))
        self.server.start()
        self.port = self.server.server.port

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/fal.ai"


@pytest.fixture
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    fal = Upstream(tmp_path_factory.mktemp("upstream"))
    fal.publish(describe(FLUX))
    yield fal
    fal.stop()


def changed() -> Any:
    document = describe(FLUX)
    properties = document["components"]["schemas"]["FluxInput"]["properties"]
    properties["num_inference_steps"]["maximum"] = 28
    properties["style"] = {"type": "string"}
    output = document["components"]["schemas"]["ImagesOutput"]
    output["properties"]["license"] = {"type": "string"}
    output["required"].append("license")
    return document


def test_pull_writes_a_description_with_date_and_hash(here: Path, upstream: Upstream) -> None:
    ran = fakefal("schemas", "pull", FLUX, "--from", upstream.url)
    assert ran == (0, "schemas/fal-ai/flux/dev.json: fal-ai/flux/dev\n", "")
    document = json.loads((here / "schemas/fal-ai/flux/dev.json").read_text())
    origin = document.pop("x-fakefal")
    assert document == describe(FLUX)
    assert origin["source"].endswith(f"?endpoint_id={FLUX}")
    assert len(origin["pulled"]) == 10
    assert len(origin["sha256"]) == 64


def test_pull_names_what_it_could_not_get(here: Path, upstream: Upstream) -> None:
    ran = fakefal("schemas", "pull", "no/where", FLUX, "--from", upstream.url)
    assert (ran.code, ran.out) == (2, "schemas/fal-ai/flux/dev.json: fal-ai/flux/dev\n")
    assert "404 Not Found — check the name of the endpoint" in ran.err
    ran = fakefal("schemas", "pull", FLUX, "--from", "http://127.0.0.1:1")
    assert (ran.code, ran.out) == (2, "")
    assert "cannot be read" in ran.err
    assert fakefal("schemas", "pull", "../..").code == 2


def test_diff_shows_what_changed_for_fixtures(here: Path, upstream: Upstream) -> None:
    (here / "scenario.yaml").write_text(SCENARIO)
    fakefal("schemas", "pull", FLUX, "--from", upstream.url)
    assert fakefal("schemas", "diff", "--scenario", "scenario.yaml") == (0, "no differences\n", "")
    upstream.publish(changed())
    ran = fakefal("schemas", "diff", "--scenario", "scenario.yaml")
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "schemas/fal-ai/flux/dev.json: 3 changes",
        "  input.num_inference_steps: maximum is 28, was 50",
        "  input.style: added, optional string",
        "  output.license: added, required string",
    ]
    assert ran.err == (
        "scenario.yaml:6:9: exchanges[0].reply.output.license: is missing, "
        "by the schema of fal-ai/flux/dev\n"
    )


def test_update_writes_what_changed(here: Path, upstream: Upstream) -> None:
    fakefal("schemas", "pull", FLUX, "--from", upstream.url)
    path = "schemas/fal-ai/flux/dev.json"
    assert fakefal("schemas", "update") == (0, f"{path}: unchanged\n", "")
    upstream.publish(changed())
    assert fakefal("schemas", "update").out.startswith(f"{path}: 3 changes\n")
    assert "license" in (here / path).read_text()


def test_add_takes_a_file_or_url(here: Path, upstream: Upstream) -> None:
    document = describe(FLUX)
    (here / "mine.json").write_text(json.dumps(document))
    assert fakefal("schemas", "add", "mine.json").out == f"schemas/{FLUX}.json: {FLUX}\n"
    ran = fakefal("schemas", "add", "mine.json", "--endpoint", "acme/mine")
    assert ran.out == "schemas/acme/mine.json: acme/mine\n"
    stored = json.loads((here / "schemas/acme/mine.json").read_text())
    assert stored["info"]["x-fal-metadata"]["endpointId"] == "acme/mine"
    (here / "broken.json").write_text("{")
    assert fakefal("schemas", "add", "broken.json").code == 2


def test_types_for_python_are_a_module(here: Path) -> None:
    write_schema(here / "schemas", FLUX)
    ran = fakefal("schemas", "types")
    ast.parse(ran.out)
    assert "class FalAiFluxDevInput(TypedDict):" in ran.out
    assert "    prompt: str\n" in ran.out
    assert "    num_images: NotRequired[int]\n" in ran.out
    assert "    output_format: NotRequired[Literal['jpeg', 'png']]\n" in ran.out
    namespace: dict[str, Any] = {}
    exec(ran.out, namespace)
    assert namespace["FalAiFluxDevInput"].__required_keys__ >= {"prompt"}


def test_types_for_typescript_map_endpoints(here: Path) -> None:
    write_schema(here / "schemas", FLUX)
    assert fakefal("schemas", "types", "--language", "typescript", "-o", "fal.ts").code == 0
    text = (here / "fal.ts").read_text()
    assert '  "fal-ai/flux/dev": { input: FalAiFluxDevInput; output: FalAiFluxDevOutput };' in text
    assert '  output_format?: "jpeg" | "png";' in text
