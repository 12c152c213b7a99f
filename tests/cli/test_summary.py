"""The summary of a run."""

from __future__ import annotations

from fakefal.cli.run_report import BlockedHost, RunReport
from fakefal.cli.summary import summarize
from fakefal.engine.core.journal import Miss
from fakefal.guard.escapes import Escape
from fakefal.protocol.core.call import Call
from fakefal.protocol.core.endpoints import parse_endpoint


def miss(prompt: str = "x") -> Miss:
    endpoint = parse_endpoint("fal-ai/any-llm")
    assert endpoint is not None
    return Miss(Call(endpoint, "queue", {"prompt": prompt}, {}), ())


def test_a_summary_of_everything() -> None:
    outcome = RunReport(("npm", "test"))
    outcome.calls.update({"run": 2, "queue": 1})
    outcome.misses = [miss(), miss(), miss("y")]
    outcome.unused = [('"tagline"', "s.yaml:3"), ("exchanges[1]", "")]
    outcome.webhooks = [
        {"state": "delivered", "url": "http://a/", "attempts": [1], "why": ""},
        {"state": "failed", "url": "http://b/", "attempts": [1, 2], "why": "no answer"},
    ]
    outcome.unsent_webhooks = ["one to http://c/"]
    outcome.blocked_hosts = [BlockedHost("example.com:443", 2)]
    stack = ("a.py:1 in <module>", "b.py:2 in f", "c.py:3 in g", "d.py:4 in h")
    outcome.escapes = [Escape("fal.run:443", "Python", 7, ("python", "a.py"), "", stack, 2)]
    outcome.running_processes = ("node server.js (pid 12)",)
    missed = "no exchange for fal-ai/any-llm (queue); none is loaded — add one to the scenario"
    assert summarize(outcome) == [
        "fakefal: 3 calls (queue 1, run 2), 3 misses, 2 unused exchanges, 2 webhooks, "
        "1 attempt to reach the real fal",
        f"  miss     {missed}, or call on(…) in the test (3 times)",
        '  unused   "tagline" (s.yaml:3)',
        "  unused   exchanges[1]",
        "  webhook  failed http://b/ after 2 attempts: no answer",
        "  webhook  still due: one to http://c/",
        "  blocked  example.com:443, not fal's (2 times)",
        "  escape   blocked: fal.run:443 (2 times), tried by python a.py (pid 7)",
        "             b.py:2 in f",
        "             c.py:3 in g",
        "             d.py:4 in h",
        "  note     still running, without a server: node server.js (pid 12)",
    ]


def test_a_summary_of_nothing() -> None:
    assert summarize(RunReport(("true",))) == ["fakefal: 0 calls, 0 misses"]


def test_further_lines_are_counted() -> None:
    outcome = RunReport(("x",))
    outcome.unused = [(f"exchanges[{number}]", "") for number in range(50)]
    outcome.escapes = [Escape("fal.run:443", "Node", number) for number in range(30)]
    lines = summarize(outcome)
    assert lines[21] == "  unused   … and 30 more"
    assert lines[-1] == "  escape   … and 10 more"
