from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from fakefal.protocol.errors.catalog import ALIASES
from fakefal.scenario.explain import explain, explainable_names
from fakefal.scenario.files.loader import load_file
from tests.cli.running import ROOT, fakefal

SHOWN = """\
nginx-502: 502: Bad Gateway
ingress error, fal's queue does not try again; grade: client
source: docs/reference/errors.md#ingress-errors

on the wire:
  HTTP/1.1 502
  Content-Type: text/html

  <html>
  <head><title>502 Bad Gateway</title></head>
  <body>
  <center><h1>502 Bad Gateway</h1></center>
  <hr><center>nginx</center>
  </body>
  </html>

requests made if every response is this one:
           fal_client 1.0.3   @fal-ai/client 1.10.1
  submit           10                      4
  status           10                      6
  result           10                      4
  run              10                      4
"""


SCENARIO_SNIPPET = "\nin a scenario:\n  fakefal: 1\n"
TEST_SNIPPET = "\nin a test:\n  fakefal."


def explained(name: str) -> str:
    ran = fakefal("explain", name)
    assert (ran.code, ran.err) == (0, "")
    return ran.out


def test_an_error_is_shown_with_wire_form_source_and_retries() -> None:
    assert explained("nginx-502").startswith(SHOWN)


def test_every_name_has_a_snippet_for_a_scenario_and_for_a_test() -> None:
    texts = {name: explained(name) for name in explainable_names()}
    titles = {name: ALIASES.get(name.replace("-", "_"), name).replace("_", "-") for name in texts}
    assert [name for name, text in texts.items() if not text.startswith(f"{titles[name]}: ")] == []
    assert [name for name, text in texts.items() if SCENARIO_SNIPPET not in text] == []
    assert [name for name, text in texts.items() if TEST_SNIPPET not in text] == []


def test_every_source_is_a_url_or_a_document_that_exists() -> None:
    sources = {
        source
        for name in explainable_names()
        for source in re.findall(r"^source: (.*)", explained(name), re.MULTILINE)
    }
    paths = {path for source in sources for path in re.findall(r"(?:docs/\S+|\w+)\.md", source)}
    assert [path for path in sorted(paths) if not (ROOT / path).is_file()] == []
    assert [
        source for source in sorted(sources) if "docs/" not in source and "https://" not in source
    ] == []


def test_the_snippet_is_valid(tmp_path: Path) -> None:
    text = explained("stuck_in_queue").partition("in a scenario:\n")[2].partition("\nin a test:")[0]
    path = tmp_path / "s.yaml"
    path.write_text("\n".join(line[2:] for line in text.splitlines()))
    assert fakefal("check", path).code == 0


def test_an_unknown_name_suggests_the_nearest() -> None:
    assert fakefal("explain", "reset-durng") == (
        2,
        "",
        'unknown name "reset-durng" — did you mean "reset-during"?; or give a status (429), words '
        "of an error message, or - for a body on standard input\n",
    )


def test_a_name_is_required() -> None:
    ran = fakefal("explain")
    assert (ran.code, ran.out) == (2, "")
    assert "Missing argument 'WHAT'" in ran.err


def test_a_status_words_and_a_body_are_explained_and_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.yaml"
    number = fakefal("explain", "429", "--save", path)
    assert number.out.startswith('"429" may be one of these; the first is explained below:\n')
    words = fakefal("explain", "Exhausted balance", "--save", path)
    assert words.out.startswith("exhausted-balance: 403: ")
    assert (
        "what the clients raise:\n  Python  FalClientHTTPError(403): User is locked." in words.out
    )
    body = b'{"status": "COMPLETED", "error": "Runner disconnected", ' + (
        b'"error_type": "runner_disconnected"}'
    )
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(body)))
    pasted = fakefal("explain", "-", "--save", path)
    assert pasted.out.startswith("runner-disconnected: 503: ")
    assert "\nas in this body:\n" in pasted.out
    fails = [exchange.model.reply.fail for exchange in load_file(path).exchanges]  # type: ignore[union-attr]
    assert len(fails) == 3


def test_grades_are_the_same_words_everywhere() -> None:
    words = {"documented", "client", "recorded", "inferred", "unreal"}
    explained_grades = {explain(name).grade for name in explainable_names()}  # type: ignore[union-attr]
    page = (ROOT / "docs" / "reference" / "situations.md").read_text(encoding="utf-8")
    grades = re.findall(r"^- \*\*Grade:\*\* ([^(\n]+)", page, re.MULTILINE)
    on_page = {word for grade in grades for word in re.findall(r"[a-z]{5,}", grade)}
    assert explained_grades <= words
    assert on_page & words
