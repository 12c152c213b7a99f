from __future__ import annotations

import io
import json

from fakefal.cli.output.check_formats import FORMATS, CheckResult
from fakefal.cli.terminal import Terminal
from fakefal.errors import ScenarioProblem

RESULT = CheckResult(
    [("good.yaml", 2)],
    [ScenarioProblem("a,b.yaml", 3, 7, "exchanges[0]", "50% wrong\nhere", "fix it")],
    [ScenarioProblem("good.yaml", 0, 0, "", "odd", "")],
)


def written(name: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    FORMATS[name](RESULT, Terminal(out, err))
    return out.getvalue(), err.getvalue()


def test_text_is_for_people() -> None:
    assert written("text") == (
        "good.yaml: ok, 2 exchanges\n",
        "warning: good.yaml: odd\na,b.yaml:3:7: exchanges[0]: 50% wrong\nhere — fix it\n"
        "1 problem\n",
    )


def test_json_has_every_part() -> None:
    body = json.loads(written("json")[0])
    assert body["files"] == [{"file": "good.yaml", "exchanges": 2}]
    assert [(it["severity"], it["line"], it["message"]) for it in body["problems"]] == [
        ("error", 3, "50% wrong\nhere"),
        ("warning", 0, "odd"),
    ]


def test_github_annotations_are_escaped() -> None:
    assert written("github")[0].splitlines() == [
        "::error file=a%2Cb.yaml,line=3,col=7,title=fakefal check::exchanges[0]: 50%25 wrong%0Ahere"
        " — fix it",
        "::warning file=good.yaml,title=fakefal check::odd",
    ]


def test_sarif_has_rules_and_regions() -> None:
    (run,) = json.loads(written("sarif")[0])["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    first, second = run["results"]
    assert {first["ruleId"], second["ruleId"]} == rules
    location = first["locations"][0]["physicalLocation"]
    assert location["region"] == {"startLine": 3, "startColumn": 7}
    assert "region" not in second["locations"][0]["physicalLocation"]
