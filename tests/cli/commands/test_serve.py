from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fakefal import __version__
from tests.cli.running import GOOD, ROOT, fakefal
from tests.serving import SECONDS, ServeProcess, request_json, serve

QUICKSTART = str(ROOT / "scenarios" / "quickstart.yaml")
LONG_QUEUE = str(ROOT / "scenarios" / "long-queue.yaml")
RUN, QUEUE = "fal.run/fal-ai/any-llm", "queue.fal.run/fal-ai/any-llm"
ID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

KEYED = {"Authorization": "Key a:b"}
SIGNALS = [signal.SIGTERM, signal.SIGINT]
on_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


def run(served: ServeProcess, prompt: str, key: str | None = "a:b") -> tuple[int, str]:
    """A direct call; its status, and its output or error."""
    status, body = request_json(f"{served.url}/{RUN}", {"prompt": prompt}, key=key)
    return status, body["output"] if status == 200 else body["detail"]


def submit(served: ServeProcess, prompt: str) -> str:
    """A queued call; the URL of its status."""
    status, body = request_json(f"{served.url}/{QUEUE}", {"prompt": prompt})
    assert status == 200, body
    return str(body["status_url"])


@contextmanager
def stream_of(url: str) -> Iterator[http.client.HTTPResponse]:
    """An open stream."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=SECONDS)
    connection.request("GET", f"{parts.path}/stream", headers={"Authorization": "Key a:b"})
    response = connection.getresponse()
    assert response.readline().startswith(b"data: ")
    yield response
    response.close()
    connection.close()


def test_the_greeting_shows_the_url_and_how_to_redirect_clients() -> None:
    with serve(QUICKSTART) as served:
        url = served.url
        proxy = f'{{ url: "{url}/api/fal/proxy", when: "always" }}'
        assert served.greeting == [
            f"fakefal {__version__} listens on {url}",
            f"  loaded    {QUICKSTART} (3 exchanges)",
            "  clock     real",
            f"  proxy     HTTPS_PROXY={url} (forwards other hosts)",
            "  Python    in pytest, the fixture: def test_x(fakefal): …",
            f"  JS        fal.config({{ proxyUrl: {proxy} }})",
            f"  base URL  {url}/queue.fal.run",
            f"  curl      curl {url}/fal.run/fal-ai/any-llm -H 'Authorization: Key any' "
            """-d '{"prompt": "hello"}'""",
            "  limits    tenants 10000, jobs 60000, deliveries 60000, files 10000, sockets 1000",
        ]
        assert request_json(f"{url}/_fakefal/health", key=None) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("options", "clock"),
    [(["--clock", "manual"], "manual"), (["--speed", "4"], "×4"), (["--speed", "0"], "×0")],
    ids=["manual", "fast", "instant"],
)
def test_the_greeting_names_another_clock(options: list[str], clock: str) -> None:
    with serve(*options) as served:
        assert served.greeting[1:3] == [
            "  loaded    no scenario: any-llm calls get generated responses",
            f"  clock     {clock}",
        ]


def test_the_greeting_names_the_tls_port_and_the_ca_file(tmp_path: Path) -> None:
    with serve("--tls-port", "0", "--offline", FAKEFAL_HOME=str(tmp_path)) as served:
        match = re.search(r" listens on (http://\S+:\d+) and https://127.0.0.1:(\d+)$",
                          served.greeting[0])  # fmt: skip
        assert match is not None
        ca = tmp_path / "ca" / "ca.pem"
        assert served.greeting[3:5] == [
            f"  proxy     HTTPS_PROXY={served.url} (blocks other hosts)",
            f"  CA        {ca}",
        ]
        context = ssl.create_default_context(cafile=ca)
        connection = http.client.HTTPSConnection("localhost", int(match[2]), context=context)
        connection.request("GET", "/_fakefal/health")
        assert connection.getresponse().status == 200
        connection.close()
        ended = served.stop()
        assert (ended.code, ended.errors) == (0, "")


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_an_invalid_tls_port_is_an_error(port: str) -> None:
    command = [sys.executable, "-m", "fakefal", "serve", "--port", "0", "--tls-port", port]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"invalid port {port} (0–65535)\n"


def test_a_taken_tls_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "fakefal", "serve", "--port", "0", "--tls-port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        f"port {port} on 127.0.0.1 is taken — stop the other server, "
        "or pass --tls-port 0 to use a free one\n"
    )


def test_a_ca_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    command = [sys.executable, "-m", "fakefal", "serve", "--port", "0", "--tls-port", "0"]
    env = {**os.environ, "FAKEFAL_HOME": str(tmp_path / "file")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=env, check=False)
    assert done.returncode == 2
    assert "cannot create a local CA in" in done.stderr


def test_each_call_has_a_line() -> None:
    call = 'fal-ai/any-llm  "Write a tagline"  200  tagline'
    with serve(QUICKSTART, "--clock", "manual") as served:
        assert run(served, "Write a tagline") == (200, "Ship it.")
        assert re.fullmatch(rf"00:00:00 run     {call}  {ID}", served.next_line())
        status_url = submit(served, "Write a tagline")
        assert re.fullmatch(rf"00:00:00 queue   {call}  {ID}", served.next_line())
        request_json(status_url)
        request_json(status_url.removesuffix("/status") + "/cancel", method="PUT")
        end = r"end     fal-ai/any-llm  cancel 202 after 0\.000s, 1 poll"
        assert re.fullmatch(rf"00:00:00 {end}  {ID}", served.next_line())


def test_a_log_of_json_has_an_object_a_line() -> None:
    options = ["serve", "--port", "0", "--log-format", "json"]
    command = [sys.executable, "-m", "fakefal", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        assert request_json(f"{started['url']}/{RUN}", {"prompt": "x"}, key="a:b")[0] == 200
        process.terminate()
        kinds = [started["kind"], *(json.loads(line)["kind"] for line in process.stdout)]
    assert kinds == ["listening", "call", "stopped"]


def test_a_pushed_scenario_is_told() -> None:
    with serve("--clock", "manual") as served:
        url = f"{served.url}/_fakefal/scenarios?file=my.yaml"
        body = {"fakefal": 1, "exchanges": [{"reply": {"text": "x"}}]}
        request_json(url, body, key="a:b", method="PUT")
        assert served.next_line() == "         scenario my.yaml replaced for one key: 1 exchange"


def test_a_miss_is_printed_with_the_nearest_exchange() -> None:
    with serve(LONG_QUEUE, "--clock", "manual") as served:
        assert run(served, "pancakes")[0] == 404
        assert re.fullmatch(
            rf'00:00:00 run     fal-ai/any-llm  "pancakes"  404  {ID}', served.next_line()
        )
        assert served.next_line() == "         no exchange for fal-ai/any-llm (run)"
        assert served.next_line().startswith(
            f'         nearest: "patience" ({LONG_QUEUE}:7): input.prompt is "pancakes", wanted '
            '"patience"; '
        )
        assert served.stop().lines == ["stopped after 1 call, 1 miss"]


def test_an_invalid_input_is_printed() -> None:
    with serve() as served:
        assert request_json(f"{served.url}/{RUN}", {"model": "openai/gpt-4o"}, key="a:b")[0] == 422
        line = served.next_line()
        assert "422  invalid input  fakefal's own check of LLM inputs refused prompt" in line
        assert re.search(rf"  {ID}$", line)


def test_quiet_prints_no_calls() -> None:
    with serve("--quiet") as served:
        assert run(served, "x")[0] == 200
        assert served.stop().lines == ["stopped after 1 call, 0 misses"]


def test_only_the_required_keys_are_valid() -> None:
    with serve("--require-key", "one:key", "--require-key", "other:key") as served:
        answers = [run(served, "x", key=key)[0] for key in ("one:key", "other:key", "a:b", None)]
        assert answers == [200, 200, 401, 401]


@pytest.mark.parametrize(
    ("scenario", "options", "status"),
    [
        ([], [], 200),
        ([], ["--unmatched", "fail"], 404),
        ([LONG_QUEUE], [], 404),
        ([LONG_QUEUE], ["--unmatched", "generate"], 200),
    ],
)
def test_unmatched_sets_the_reply_to_unmatched_calls(
    scenario: list[str], options: list[str], status: int
) -> None:
    with serve(*scenario, *options) as served:
        assert run(served, "pancakes")[0] == status


def test_a_folder_of_scenarios_is_served(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "b.yaml").write_text("fakefal: 1\nexchanges: []\n", encoding="utf-8")
    with serve(str(tmp_path)) as served:
        assert served.greeting[1] == (
            f"  loaded    {tmp_path / 'a.yaml'} (1 exchange), {tmp_path / 'b.yaml'} (0 exchanges)"
        )
        assert run(served, "anything") == (200, "Ship it.")


def test_the_manual_clock_is_advanced_by_the_control_api() -> None:
    with serve(LONG_QUEUE, "--clock", "manual") as served:
        status_url = submit(served, "patience")
        states = [request_json(status_url)[1]["status"] for _ in range(5)]
        assert states[-1] == "IN_QUEUE"
        for by, state in (("30s", "IN_PROGRESS"), ("89s", "IN_PROGRESS"), ("1s", "COMPLETED")):
            status, clock = request_json(f"{served.url}/_fakefal/clock/advance", {"by": by})
            assert status == 200
            assert request_json(status_url)[1]["status"] == state
        assert clock == {
            "kind": "manual",
            "now": 1767225720.0,
            "iso": "2026-01-01T00:02:00.000000Z",
        }


def test_ids_and_generated_outputs_depend_on_the_seed() -> None:
    seen = []
    for seed in ("1", "1", "2"):
        with serve("--seed", seed) as served:
            seen.append((run(served, "x"), submit(served, "x").replace(served.url, "")))
    first, same, other = seen
    assert first == same
    assert first[0] != other[0]
    assert first[1] != other[1]


@on_posix
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    with serve() as served:
        run(served, "x")
        served.next_line()
        assert served.stop(number) == (0, ["stopped after 1 call, 0 misses"], "")


@on_posix
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_an_open_stream_does_not_delay_the_end(number: signal.Signals) -> None:
    with serve(LONG_QUEUE, "--quiet") as served:
        with stream_of(submit(served, "stuck")):
            ended = served.stop(number, within=2)
        assert ended == (0, ["stopped after 1 call, 0 misses"], "")


@on_posix
def test_a_closed_pipe_does_not_stop_the_server() -> None:
    command = [sys.executable, "-m", "fakefal", "serve", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            url = process.stdout.readline().split()[-1]
            process.stdout.close()
            for _ in range(3):
                assert request_json(f"{url}/{RUN}", {"prompt": "x"})[0] == 200
            process.terminate()
            assert (process.wait(SECONDS), process.stderr.read()) == (0, "")
        finally:
            process.kill()


def test_a_taken_port_is_a_start_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "fakefal", "serve", "--port", port],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(rf"port {port} on 127\.0\.0\.1 is taken .* --port 0 .*\n", done.stderr)


def test_every_option_can_be_set_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("fakefal: 1\nexchanges: [{reply: {text: Ship it.}}]\n")
    env = {"FAKEFAL_CLOCK": "manual", "FAKEFAL_SCENARIOS": str(tmp_path)}
    env |= {"FAKEFAL_REQUIRE_KEY": "a:b c:d", "FAKEFAL_OPTION": "subpath=refuse-405"}
    with serve(**env) as served:
        assert [run(served, "x", key)[0] for key in ("a:b", "c:d", "e:f")] == [200, 200, 401]
        assert "one.yaml (1 exchange)" in served.greeting[1]
        assert served.greeting[2].split() == ["clock", "manual"]


def test_the_folder_option_accepts_an_empty_folder(tmp_path: Path) -> None:
    with serve("--folder", str(tmp_path)) as served:
        assert "no scenario" in served.greeting[1]


def test_a_generated_token_is_printed_and_a_given_one_is_not() -> None:
    with serve("--host", "0.0.0.0") as served:
        (line,) = [line for line in served.greeting if line.split()[0] == "token"]
        token = line.split()[1]
        url = f"{served.url.replace('0.0.0.0', '127.0.0.1')}/_fakefal/clock"
        assert request_json(url)[0] == 401
        request = urllib.request.Request(url, headers={"x-fakefal-token": token, **KEYED})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            assert answer.status == 200
    with serve("--token", "chosen", "--control-host", "fake.test") as served:
        assert "chosen" not in "".join(served.greeting)
        assert request_json(f"{served.url}/_fakefal/clock")[0] == 401


def test_ca_file_writes_the_certificate(tmp_path: Path) -> None:
    file = tmp_path / "shared.pem"
    home = {"FAKEFAL_HOME": str(tmp_path)}
    with serve("--tls-port", "0", "--ca-file", str(file), **home) as served:
        assert file.read_bytes() == (tmp_path / "ca" / "ca.pem").read_bytes()
        assert [line.split()[0] for line in served.greeting[1:5]] == [
            "loaded",
            "clock",
            "proxy",
            "CA",
        ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ca", "shared.pem"]
    ran = fakefal("serve", "--ca-file", str(tmp_path / "no" / "ca.pem"), "--port", "0")
    assert ran.code == 2
    assert "cannot write" in ran.err
