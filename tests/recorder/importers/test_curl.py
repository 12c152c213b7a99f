from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from fakefal.recorder.importers.curl import read_curl
from fakefal.recorder.importers.foreign import NotThisFormat
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.blackbox.installing import missing
from tests.recorder.importers.replaying import replayed

KEY = "Authorization: Key 11112222-3333-4444-5555-666677778888:0123456789abcdef"


def asked(fake: FakeFalServer, *options: str, body: str | None = '{"prompt": "hello"}') -> str:
    """What curl says of a run."""
    curl = shutil.which("curl")
    if curl is None:
        missing("curl is not there")
    command = [curl, "-sS", *options, "-H", KEY, fake.base_url("fal.run") + "/fal-ai/any-llm"]
    if body is not None:
        command += ["-H", "Content-Type: application/json", "-d", body]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=30, check=True)
    return done.stderr + done.stdout


@pytest.mark.parametrize(
    "options", [("--trace-ascii", "-"), ("--trace-ascii", "-", "--trace-time")]
)
async def test_a_trace_of_curl_is_replayed(options: tuple[str, ...]) -> None:
    with ThreadedServer(
        FakeFalServer({"fakefal": 1, "exchanges": [{"reply": {"text": "x" * 200}}]})
    ) as fake:
        text = asked(fake, *options)
    imported = read_curl(text, "trace.txt")
    assert imported.unused == []
    ((_, status, body),) = await replayed(imported)
    assert (status, body["output"]) == (200, "x" * 200)


async def test_what_curl_v_shows_is_used() -> None:
    with ThreadedServer(FakeFalServer()) as fake:
        text = asked(fake, "-v", body=None)
        sent = asked(fake, "-v")
    imported = read_curl(text, "v.txt")
    (capture,) = imported.captures
    assert (capture.request.method, capture.response.status) == ("GET", 405)
    assert capture.response.json() == {"detail": "Method Not Allowed"}
    (line,) = read_curl(sent, "v.txt").unused
    assert line.endswith("what was sent does not show — use curl --trace-ascii")


def test_a_pasted_trace_is_read(tmp_path: Path) -> None:
    text = "\n".join(
        [
            "*   Trying 1.2.3.4:443...",
            "> GET /fal-ai/any-llm/requests/7/status HTTP/2",
            "> Host: queue.fal.run",
            ">",
            "< HTTP/2 202 ",
            "< content-type: application/json",
            "< ",
            '{"status": "IN_QUEUE",',
            ' "queue_position": 3}',
            "* Connection #0 to host queue.fal.run left intact",
        ]
    )
    (capture,) = read_curl(text, "v.txt").captures
    assert capture.location == "v.txt:2"
    assert capture.response.json()["queue_position"] == 3


def test_what_is_no_trace_is_refused() -> None:
    with pytest.raises(NotThisFormat, match="no request line"):
        read_curl("hello", "x.txt")
