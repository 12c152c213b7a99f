"""Mistakes that users make, each with the text that they read: where, what, what would be right."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Callable
from typing import Any

from fakefal import FakeFal, regex

AB = "a/b"

PYTHON: list[tuple[Callable[[FakeFal], Any], str]] = [
    (
        lambda f: f.on(AB).output(object()),
        "output is an object of object, not JSON — write dicts, lists, text, numbers, booleans or "
        "None",
    ),
    (
        lambda f: f.on(AB).output({"x": [b"\xff"]}),
        'output.x[0] is bytes, not JSON — decode them to text, or refer to a file: {"file": '
        '"cat.png"}',
    ),
    (lambda f: f.on(AB).output({1, 2}), "output is a set, not JSON — write a list: [...]"),
    (
        lambda f: f.on(AB).output({"n": float("nan")}),
        "output.n is nan, which JSON lacks — use None",
    ),
    (
        lambda f: f.on(AB).output({"n": len}),
        "output.n is the function len — a function makes the whole reply: .output(function), "
        ".text(function), .fail(function) or .reply(function)",
    ),
    (
        lambda f: f.on(AB).output({"n": pathlib.Path("cat.png")}),
        'output.n is a path, not JSON — write {"file": "cat.png"}, or str(path)',
    ),
    (
        lambda f: f.on(AB).output({"at": datetime.date(2026, 1, 1)}),
        "output.at is a date, not JSON — write .isoformat()",
    ),
    (
        lambda f: f.on(AB).fail(status=500, body=b"\xff"),
        'fail.body is bytes, not JSON — decode them to text, or refer to a file: {"file": '
        '"cat.png"}',
    ),
    (
        lambda f: f.on(AB).fail("runner_disconected"),
        'fail: "runner_disconected" is not in the error catalogue — did you mean '
        '"runner_disconnected"?',
    ),
    (
        lambda f: f.on(AB).fail(),
        "fail takes either a name or fields — for example fail(status=500)",
    ),
    (lambda f: f.on(AB).fail(status=200), "fail.status: 200 is too small — at least 400"),
    (
        lambda f: f.on(AB, via="subscribe"),
        'when.via: unknown value "subscribe" — such calls are via queue',
    ),
    (
        lambda f: f.on(AB, via="strem"),
        'when.via: unknown value "strem" — did you mean "stream"?',
    ),
    (
        lambda f: f.on(AB, times=2),
        "times= is not a field of the input here — write .times(2) after the reply; a field of "
        'that name: input={"times": …}',
    ),
    (
        lambda f: f.on("https://queue.fal.run/fal-ai/any-llm/requests/1/status"),
        'endpoint: "https://queue.fal.run/fal-ai/any-llm/requests/1/status" is a URL, not an '
        "endpoint id — write fal-ai/any-llm",
    ),
    (
        lambda f: f.on("any-llm"),
        'endpoint: "any-llm" is not an endpoint id — write owner/alias, such as fal-ai/any-llm, '
        "or a pattern with *",
    ),
    (
        lambda f: f.on(AB, prompt={"$contain": "x"}),
        "input.prompt.$contain: unknown operator $contain — did you mean $contains?",
    ),
    (
        lambda f: f.on(AB, prompt=regex("(")),
        'input.prompt.$regex: "(" is not a valid regular expression (at character 1) — escape '
        r"special characters with \; in YAML use single quotes",
    ),
    (lambda f: f.on(AB).text("x").txt("x"), "on(…) has no .txt — did you mean .text?"),
    (
        lambda f: f.on(AB).reply("x"),  # type: ignore[arg-type]
        "reply takes a function — for example reply(lambda call: …)",
    ),
    (
        lambda f: f.on(AB).timeline("IN_QEUE"),
        'timeline[0]: unknown value "IN_QEUE" — did you mean "IN_QUEUE"?',
    ),
    (
        lambda f: f.on(AB).faults(sumbit=["reset"]),
        'faults.sumbit: unknown key "sumbit" — did you mean "submit"?',
    ),
    (
        lambda f: f.on(AB).preset("stuck-in-queu"),
        'preset[0]: "stuck-in-queu" is not a preset of a reply — did you mean "stuck-in-queue"?',
    ),
    (
        lambda f: f.on(AB).stream(evry="1s"),
        'stream.evry: unknown key "evry" — did you mean "every"?',
    ),
    (lambda f: f.on(AB).times(0), "times: 0 is too small — at least 1"),
    (
        lambda f: f.clock.advance("90 sec"),
        "'90 sec' is not a duration — write 90s, 300ms, or a number of seconds",
    ),
    (
        lambda f: f.clock.patch_sleep("typo"),
        "there is no module 'typo' whose sleeps could be patched — write its full name, such as "
        '"myapp.llm"',
    ),
    (
        lambda f: f.options(subpaht="x"),
        'options.subpaht: unknown key "subpaht" — did you mean "subpath"?',
    ),
    (
        lambda f: f.host_down("queue.fal.rum"),
        'hosts.queue.fal.rum: "queue.fal.rum" is not a host of fal — did you mean "queue.fal.run"?',
    ),
    (lambda f: f.load("nothere.yaml"), "nothere.yaml: no such file — check the path"),
    (lambda f: f.dump("x.json"), "x.json: scenarios are dumped as YAML — use x.yaml"),
    (lambda f: f.clocks, "the fixture fakefal has no clocks — did you mean clock?"),
]
"""Lines of a test, and the error that each raises there."""

YAML: list[tuple[str, str]] = [
    (
        "fakefal: 2\n",
        "1:10: fakefal: version 2 of the format is newer than this fakefal — update fakefal, or "
        "write fakefal: 1",
    ),
    ("exchanges: []\n", '1:1: "fakefal" is missing — the first line of a scenario is fakefal: 1'),
    (
        "fakefal: 1\nexchanges:\n- reply:\n    text: Note: it ships\n",
        '4:15: not valid YAML: the text contains ": ", which begins a key in YAML — put it in '
        'quotes: text: "Note: it ships"',
    ),
    (
        "fakefal: 1\nexchanges:\n- reply: {text: Note: it ships}\n",
        '3:21: not valid YAML: the text contains ": ", which begins a key in YAML — put it in '
        'quotes: text: "Note: it ships"',
    ),
    (
        'fakefal: 1\nexchanges:\n- when: {endpoint: "https://fal.run/fal-ai/any-llm"}\n',
        '3:20: exchanges[0].when.endpoint: "https://fal.run/fal-ai/any-llm" is a URL, not an '
        "endpoint id — write fal-ai/any-llm",
    ),
    (
        "fakefal: 1\nexchanges:\n- when: {via: subscribe}\n",
        '3:15: exchanges[0].when.via: unknown value "subscribe" — such calls are via queue',
    ),
    (
        "fakefal: 1\nexchanges:\n- reply: {texd: x}\n",
        '3:11: exchanges[0].reply.texd: unknown key "texd" — did you mean "text"?',
    ),
    (
        "fakefal: 1\nexchanges:\n\t- reply: {text: x}\n",
        "3:1: not valid YAML: a tab is used for indentation — indent with spaces",
    ),
    (
        "fakefal: 1\nexchanges:\n- reply: {text: @x}\n",
        '3:17: not valid YAML: plain text cannot begin with "@" — put the text in quotes',
    ),
    (
        "fakefal: 1\nexchanges:\n- id: a\n- id: a\n",
        '4:7: exchanges[1].id: the id "a" is already used (line 3) — give each exchange its own id',
    ),
    (
        "fakefal: 1\nexchanges:\n- priority: high\n",
        '3:13: exchanges[0].priority: expected a whole number, got "high"',
    ),
    ("", '1:1: the file is empty — a scenario begins with "fakefal: 1"'),
]
"""Files ``s.yaml``, and the problem of each."""

COMMANDS: list[tuple[tuple[str, ...], str]] = [
    (("serv",), 'unknown command "serv" — did you mean "serve"?'),
    (("check", "nothere.yaml"), "nothere.yaml: no such file — check the path"),
    (
        ("check", "--format", "xml", "a.yaml"),
        "Invalid value for '--format': 'xml' is not one of 'text', 'json', 'github', 'sarif'. — "
        "see fakefal check --help",
    ),
    (("serve", "nothere.yaml"), "nothere.yaml: no such file — check the path"),
    (("run",), "no command — write it after --, as in: -- npm test — see fakefal run --help"),
    (("init", "nothere"), "nothere: no such folder — create it first"),
    (
        ("journal", "--url", "http://127.0.0.1:1"),
        "cannot reach a server at http://127.0.0.1:1/_fakefal/journal?limit=50 ([Errno 111] "
        "Connection refused) — start fakefal serve, or pass --url",
    ),
    (
        ("explain", "429", "--save", "x.json"),
        "x.json: only YAML scenarios can be appended to — name a .yaml file",
    ),
]
"""Command lines, and the first line of their errors."""

HTTP: list[tuple[str, str, str, str]] = [
    (
        "PUT",
        "/_fakefal/scenarios",
        "",
        "the body is empty — send a scenario:\nfakefal: 1\nexchanges:\n  - when: {endpoint: "
        "fal-ai/any-llm}\n    reply: {text: Ship it.}\n",
    ),
    (
        "PUT",
        "/_fakefal/scenarios?file=my.yaml",
        "fakefal: 1\nexchanges:\n- reply: {texd: x}\n",
        'my.yaml:3:11: exchanges[0].reply.texd: unknown key "texd" — did you mean "text"?',
    ),
    (
        "POST",
        "/_fakefal/clock/advance",
        '{"by": "5 sec"}',
        'by: is not a duration — send {"by": "90s"}, or {"to": "2026-01-01T00:05:00Z"}',
    ),
    (
        "POST",
        "/fal-ai/any-llm",
        "{}",
        "This is fakefal, a local fake of fal.ai; the address does not say which fal host is "
        "meant. Put the host first in the path (/queue.fal.run/fal-ai/any-llm), or send it as the "
        "Host or X-Forwarded-Host header, or the whole URL as x-fal-target-url.",
    ),
    (
        "POST",
        "/fal.run/a/b",
        '{"prompt": "x"}',
        'no exchange for a/b (run); nearest: pushed.yaml:3: input.promt is absent, wanted "x": the '
        'call has "prompt", you wrote "promt"',
    ),
]
"""Requests, and the ``detail`` of the response."""
