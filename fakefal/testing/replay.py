"""Replays a failed test outside pytest: its scenario, its calls as a program, and a command."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

from fakefal.protocol.core import hosts
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.testing.fixture import FakeFal

_MAX_CALLS = 50

_HEADERS = ("x-fal-", "accept")

_PROGRAM = '''\
"""Repeats the calls of {name}. Run it with fakefal run; it needs the standard library only."""

import json
import urllib.error
import urllib.request

CALLS = json.loads({calls!r})
POLLS = 1000


def send(method, url, headers, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {{**headers, "Authorization": "Key fakefal:replay"}}
    headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode("utf-8", "replace")
    except OSError as error:
        return 0, str(error)


for number, call in enumerate(CALLS, 1):
    print(f"{{number}}. {{call['via']}} {{call['url']}} {{json.dumps(call['input'])}}")
    status, text = send("POST", call["url"], call["headers"], call["input"])
    print("   ", status, text)
    if call["via"] != "queue" or status != 200:
        continue
    job, last_text = json.loads(text), ""
    for _ in range(POLLS):
        status, text = send("GET", job["status_url"] + "?logs=1", {{}})
        if text != last_text:
            print("   ", status, text)
        last_text = text
        if status != 202:
            break
    status, text = send("GET", job["response_url"], {{}})
    print("   ", status, text)
'''


def write_replay(fake: FakeFal, folder: Path) -> str:
    """Write ``scenario.yaml`` and ``calls.py``; returns the command that runs them.

    At most 50 calls. Raises FakefalError for what a scenario cannot hold.
    """
    scenario = fake.dump(folder / "scenario.yaml")
    program = folder / "calls.py"
    calls = json.dumps(
        [call for record in fake.calls[:_MAX_CALLS] if (call := _request_of(record))]
    )
    program.write_text(_PROGRAM.format(name=fake.key, calls=calls), encoding="utf-8")
    return replay_command(scenario, program)


def replay_command(scenario: Path, program: Path) -> str:
    """``fakefal run SCENARIO -- PYTHON PROGRAM``, quoted for a shell."""
    command = ["fakefal", "run", str(scenario), "--", sys.executable, str(program)]
    return " ".join(map(shlex.quote, command))


def _request_of(record: Any) -> dict[str, Any] | None:
    """A call as a plain HTTP request; None for those over WebSockets."""
    suffixes = {"queue": "", "run": "", "stream": "/stream"}
    if record.via not in suffixes or parse_endpoint(record.endpoint) is None:
        return None
    host = hosts.QUEUE if record.via == "queue" else hosts.RUN
    headers = {
        name: value for name, value in record.headers.items() if name.lower().startswith(_HEADERS)
    }
    return {
        "via": record.via,
        "url": f"https://{host}/{record.endpoint}{suffixes[record.via]}",
        "headers": headers,
        "input": record.input,
    }
