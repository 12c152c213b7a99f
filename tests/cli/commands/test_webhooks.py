"""``fakefal webhooks``, and what ``fakefal serve`` tells of them."""

from __future__ import annotations

import json
import re
import socket
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from fakefal.testing.receiver import Receiver
from tests.cli.running import fakefal
from tests.serving import ServeProcess, request_json, serve

ID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
KEY = ("--key", "a:b")

SCENARIO = """\
fakefal: 1
exchanges:
  - when: {input: {prompt: late}}
    reply: {text: x, webhook: late}
  - reply: {text: Ship it.}
"""


def submit(served: ServeProcess, url: str, prompt: str = "x") -> str:
    base = f"{served.url}/queue.fal.run/fal-ai/any-llm?fal_webhook={quote(url)}"
    return str(request_json(base, {"prompt": prompt, "webhook_url": "y"})[1]["request_id"])


def receiver(served: ServeProcess) -> Receiver:
    return Receiver(f"{served.url}/rest.fal.ai/.well-known/jwks.json", lambda: 1_767_225_600.0)


def test_deliveries_are_printed_listed_and_sent_again() -> None:
    with serve("--clock", "manual") as served, receiver(served) as hook:
        hook.respond_with(500)
        id_ = submit(served, hook.url)
        lines = [served.next_line() for _ in range(3)]
        assert lines[0].startswith("00:00:00 lint    fal-ai/any-llm  200  webhook_url in the input")
        assert lines[2] == (
            f"00:00:00 webhook fal-ai/any-llm  500  {hook.url}: attempt 1 of 32: "
            f"500 after 0s: not accepted  {id_}"
        )
        url = ("--url", served.url)
        assert fakefal("webhooks", *url, *KEY) == (
            0,
            f"waiting   {id_}  {hook.url}  1 attempt  last 500  due 2026-01-01T00:00:02.500000Z\n",
            "",
        )
        again = fakefal("webhooks", *url, *KEY, "--redeliver", "failed")
        assert again.out.startswith(f"waiting   {id_}")
        assert "attempt 2 of 32: 200" in served.next_line()
        (delivery,) = json.loads(fakefal("webhooks", *url, *KEY, "--json").out)
        assert (delivery["state"], len(delivery["attempts"])) == ("delivered", 2)
        assert fakefal("webhooks", *url, *KEY, "--redeliver", id_).code == 0
        assert "attempt 1 of 32: 200" in served.next_line()
        assert [arrival.is_verified for arrival in hook.arrivals] == [True] * 3
        assert fakefal("webhooks", *url, "--key", "other").out == "no webhooks\n"
        assert fakefal("webhooks", *url, *KEY, "--redeliver", "failed").out == (
            "nothing to send again\n"
        )


def test_errors_are_one_line() -> None:
    with serve() as served:
        unknown = fakefal("webhooks", "--url", served.url, *KEY, "--redeliver", "nope")
        assert unknown == (2, "", "no webhook of nope was sent or is due\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    gone = fakefal("webhooks", "--url", f"http://127.0.0.1:{port}")
    assert (gone.code, gone.out) == (2, "")
    assert re.fullmatch(
        rf"cannot reach a server at http://127\.0\.0\.1:{port}/_fakefal/webhooks \(.*\) — "
        r"start fakefal serve, or pass --url\n",
        gone.err,
    )
    assert fakefal("webhooks", "--url", "nonsense").code == 2


def test_a_blocked_target_is_reported_until_its_host_is_allowed() -> None:
    with serve("--clock", "manual") as served:
        submit(served, "http://0.0.0.0:9/hook")
        served.next_line()
        served.next_line()
        assert re.search(
            r"webhook fal-ai/any-llm  —  http://0\.0\.0\.0:9/hook: refused: 0\.0\.0\.0 is "
            rf"neither loopback nor private — allow it with --webhook-allow 0\.0\.0\.0  {ID}$",
            served.next_line(),
        )
    with serve("--clock", "manual", "--webhook-allow", "0.0.0.0") as served:
        submit(served, "http://0.0.0.0:9/hook")
        served.next_line()
        served.next_line()
        assert "attempt 1 of 32: cannot connect" in served.next_line()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_webhooks_that_are_still_due_are_printed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    with serve(str(path), "--quiet") as served:
        id_ = submit(served, "http://127.0.0.1:9/hook", "late")
        ended = served.stop()
        still = f"{id_} to http://127.0.0.1:9/hook: 0 attempts so far"
        assert ended.lines == [f"webhook still due: {still}", "stopped after 1 call, 0 misses"]
