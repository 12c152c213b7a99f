"""Problems of routes, with their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakefal.errors import ScenarioError
from fakefal.scenario.files.loader import load_data, load_file, load_text

WRONG = """\
fakefal: 1
hosts: [mcp.fal.ai]
routes:
  - id: a
    when: {host: rest.fal.aj, path: "/{}", json: {a: {$is: 1}}, query: {n: {$gt: x}}}
    reply: {json: "{{ input.a }}", builtin: true, content_type: a/b}
  - id: a
    when: {host: [fal.ai, api.acme.dev, "*.acme.dev", "*.fal.run", mcp.fal.ai]}
    replies: [{stream: [{event: "{{ x }}"}, {file: no.mp3}]}]
"""


def test_every_problem_is_at_its_place() -> None:
    with pytest.raises(ScenarioError) as caught:
        load_text(WRONG, "a.yaml")
    lines = [str(problem).removeprefix("a.yaml:") for problem in caught.value.problems]
    shown = [line.partition(" — ")[0].split(": ", 2) for line in lines]
    assert [tuple(parts) for parts in shown] == [
        ("5:18", "routes[0].when.host", '"rest.fal.aj" is neither a host of fal nor under hosts'),
        ("5:37", "routes[0].when.path", '"{}" has no valid name'),
        ("5:55", "routes[0].when.json.a.$is", "unknown operator $is"),
        ("5:82", "routes[0].when.query.n.$gt", '"x" is not a number'),
        ("6:12", "routes[0].reply", "builtin and json cannot be used together"),
        ("6:19", "routes[0].reply.json", 'template: unknown variable "input"'),
        ("6:65", "routes[0].reply.content_type", "content_type has no effect with builtin"),
        ("7:9", "routes[1].id", 'the id "a" is already used (line 4)'),
        (
            "8:27",
            "routes[1].when.host[1]",
            '"api.acme.dev" is neither a host of fal nor under hosts',
        ),
        ("8:41", "routes[1].when.host[2]", '"*.acme.dev" matches no host that is served'),
        ("9:33", "routes[1].replies[0].stream[0].event", 'template: unknown variable "x"'),
        (
            "9:52",
            "routes[1].replies[0].stream[1].file",
            'there is no file "no.mp3" beside the scenario',
        ),
    ]


def test_files_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\x00")
    text = "fakefal: 1\nroutes:\n  - reply: {file: a.bin}\n  - {reply: {json: {file: a.bin}}}\n"
    (tmp_path / "s.yaml").write_text(text)
    loaded = load_file(tmp_path / "s.yaml")
    assert loaded.assets["a.bin"].data == b"\x00"
    assert [route.location.rpartition(":")[2] for route in loaded.routes] == ["3", "4"]


@pytest.mark.parametrize("routes", [None, 1, [1], [{"when": 1}], [{"reply": {"stream": 1}}]])
def test_any_json_is_refused_without_a_traceback(routes: object) -> None:
    with pytest.raises(ScenarioError):
        load_data({"fakefal": 1, "routes": routes})
