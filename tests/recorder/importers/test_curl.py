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
from tests.recorder.importers.replay import replayed

KEY = "Authorization: Key 11112222-3333-4444-5555-666677778888:0123456789abcdef"


def run_curl(server: FakeFalServer, *options: str, body: str | None = '{"prompt": "hello"}') -> str:
    """The output of curl for a direct run."""
    curl = shutil.which("curl")
    if curl is None:
        missing("curl is not installed")
    command = [curl, "-sS", *options, "-H", KEY, server.base_url("fal.run") + "/fal-ai/any-llm"]
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
    ) as server:
        text = run_curl(server, *options)
    imported = read_curl(text, "trace.txt")
    assert imported.unused == []
    ((_, status, body),) = await replayed(imported)
    assert (status, body["output"]) == (200, "x" * 200)


async def test_curl_verbose_output_is_read() -> None:
    with ThreadedServer(FakeFalServer()) as server:
        text = run_curl(server, "-v", body=None)
        with_body = run_curl(server, "-v")
    imported = read_curl(text, "v.txt")
    (capture,) = imported.captures
    assert (capture.request.method, capture.response.status) == ("GET", 405)
    assert capture.response.json() == {"detail": "Method Not Allowed"}
    (message,) = read_curl(with_body, "v.txt").unused
    assert message.endswith("the request body is missing — use curl --trace-ascii")


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


def test_text_without_request_line_is_rejected() -> None:
    with pytest.raises(NotThisFormat, match="no request line"):
        read_curl("hello", "x.txt")
