"""The cells of the matrix: what runs beside the fixture, how, and the tests of that run.

Plugins that do not disturb each other share a run, as starting pytest takes most of the time. After
each test of a plugin ``test_bare`` shows that nothing of it is left.
"""

from __future__ import annotations

from typing import NamedTuple

HEAD = """
import asyncio
import subprocess
import sys
import threading

import fal_client
import httpx
import pytest

CALL = ("fal-ai/any-llm", {"prompt": "x"})
PROGRAM = "import fal_client; print(fal_client.run('fal-ai/any-llm', {'prompt': 'x'})['output'])"

def use_everything(fakefal, program=False):
    fakefal.on().text("ok").timeline("IN_QUEUE", {"IN_PROGRESS": {"for": "20s"}})
    assert fal_client.run(*CALL)["output"] == "ok"
    assert fal_client.subscribe(*CALL)["output"] == "ok"
    assert list(fal_client.stream(*CALL))[-1]["output"] == "ok"
    outputs = []
    run = lambda: outputs.append(fal_client.run(*CALL)["output"])
    threads = [threading.Thread(target=run) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert outputs == ["ok"] * 3
    if program:
        child = [sys.executable, "-c", PROGRAM]
        assert subprocess.run(child, capture_output=True, text=True).stdout == "ok\\n"

async def use_async(fakefal):
    fakefal.on().text("ok")
    assert (await fal_client.subscribe_async(*CALL))["output"] == "ok"
    assert (await fal_client.run_async(*CALL))["output"] == "ok"

def use_webhook(fakefal, receiver):
    fakefal.on().text("ok")
    fal_client.submit(*CALL, webhook_url=receiver.url)
    fakefal.webhooks.wait(1)
    assert receiver.verified

def use_bare(fakefal):
    fakefal.on().text("bare")
    assert fal_client.run(*CALL)["output"] == "bare"
    answer = httpx.post("https://fal.run/fal-ai/any-llm", json={"prompt": "x"},
        headers={"Authorization": "Key a:b"})
    assert answer.json()["output"] == "bare"
"""

PLAIN = """
def test_everything(fakefal):
    use_everything(fakefal)

def test_async(fakefal):
    asyncio.run(use_async(fakefal))

def test_webhook(fakefal, fakefal_receiver):
    use_webhook(fakefal, fakefal_receiver)

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(4))
def test_bare(fakefal, number):
    use_bare(fakefal)
"""


class Cell(NamedTuple):
    """A run: the packages that it shows, pytest's options, the ini, and its tests.

    ``outcome`` is a part of the last line that pytest must print.
    """

    packages: tuple[str, ...]
    options: tuple[str, ...]
    source: str
    outcome: str
    ini: str = ""
    env: tuple[tuple[str, str], ...] = ()


MOCKS = Cell(
    ("pytest-httpx", "respx", "responses", "aioresponses", "vcrpy", "pytest-recording"),
    ("-p", "pytest_httpx", "-p", "respx.plugin", "-p", "pytest_recording.plugin"),
    """
import aiohttp
import requests
import responses
import respx
from aioresponses import aioresponses

OTHER = "https://api.example.com/hello"

@pytest.mark.httpx_mock(should_mock=lambda request: not request.url.host.startswith("127."))
def test_pytest_httpx(fakefal, httpx_mock):
    httpx_mock.add_response(url=OTHER, text="mocked")
    use_everything(fakefal)
    asyncio.run(use_async(fakefal))
    assert httpx.get(OTHER).text == "mocked"

def test_bare_1(fakefal):
    use_bare(fakefal)

def test_respx(fakefal):
    with respx.mock(assert_all_called=False) as router:
        router.route(host="127.0.0.1").pass_through()
        router.get(OTHER).respond(text="mocked")
        use_everything(fakefal)
        asyncio.run(use_async(fakefal))
        assert httpx.get(OTHER).text == "mocked"

def test_bare_2(fakefal):
    use_bare(fakefal)

@responses.activate
def test_responses(fakefal):
    responses.get(OTHER, body="mocked")
    responses.add_passthru("https://fal.run")
    use_everything(fakefal)
    assert requests.get(OTHER).text == "mocked"
    answer = requests.post("https://fal.run/fal-ai/any-llm", json={"prompt": "x"},
        headers={"Authorization": "Key a:b"})
    assert answer.json()["output"] == "ok"

def test_bare_3(fakefal):
    use_bare(fakefal)

def test_aioresponses(fakefal):
    use_everything(fakefal)
    async def main():
        with aioresponses(passthrough=["https://fal.run"]):
            async with aiohttp.ClientSession() as session:
                with pytest.raises(aiohttp.ClientConnectionError):
                    await session.get(OTHER)
                answer = await session.post("https://fal.run/fal-ai/any-llm",
                    json={"prompt": "x"}, headers={"Authorization": "Key a:b"})
                assert (await answer.json())["output"] == "ok"
            await use_async(fakefal)
    asyncio.run(main())

def test_bare_4(fakefal):
    use_bare(fakefal)

@pytest.mark.block_network(allowed_hosts=["127.0.0.1"])
def test_block_network(fakefal):
    use_everything(fakefal)

def test_bare_5(fakefal):
    use_bare(fakefal)

@pytest.fixture(scope="module")
def vcr_config():
    return {"ignore_localhost": True}

@pytest.mark.vcr(record_mode="once")
@pytest.mark.parametrize("number", range(2))
def test_vcr(fakefal, number):
    use_everything(fakefal)

def test_bare_6(fakefal):
    use_bare(fakefal)
""",
    "13 passed",
)

ORDER = Cell(
    ("pytest-randomly", "pytest-repeat", "pytest-rerunfailures", "pytest-timeout"),
    (
        *("-p", "randomly", "-p", "pytest_repeat", "-p", "pytest_rerunfailures"),
        *("-p", "pytest_timeout", "--timeout=60", "--timeout-method=thread"),
        *("--count=2", "--reruns=1"),
    ),
    PLAIN
    + """
tries = []

def test_second_time(fakefal):
    fakefal.on().text("ok")
    tries.append(fal_client.run(*CALL)["output"])
    assert len(tries) > 1
""",
    "16 passed, 1 rerun",
    "markers = xdist_group\n",
)

WORKERS = tuple(
    Cell(("pytest-xdist",), ("-p", "xdist", "-n", "2", "--dist", dist), PLAIN, "7 passed")
    for dist in ("load", "loadscope", "loadgroup", "worksteal")
)

LOOPS = Cell(
    ("pytest-asyncio", "anyio", "trio", "pytest-trio", "uvloop"),
    ("-p", "pytest_asyncio.plugin", "-p", "anyio.pytest_plugin", "-p", "pytest_trio.plugin"),
    """
import uvloop

@pytest.mark.asyncio
async def test_strict(fakefal):
    await use_async(fakefal)

@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("number", range(2))
async def test_session_loop(fakefal, number):
    await use_async(fakefal)

@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.anyio
async def test_anyio(fakefal, anyio_backend):
    fakefal.on().text("ok")
    async with httpx.AsyncClient() as client:
        answer = await client.post("https://fal.run/fal-ai/any-llm", json={"prompt": "x"},
            headers={"Authorization": "Key a:b"})
    assert answer.json()["output"] == "ok"

@pytest.mark.trio
async def test_trio(fakefal):
    fakefal.on().text("ok")
    async with httpx.AsyncClient() as client:
        answer = await client.post("https://fal.run/fal-ai/any-llm", json={"prompt": "x"},
            headers={"Authorization": "Key a:b"})
    assert answer.json()["output"] == "ok"

def test_uvloop(fakefal):
    uvloop.run(use_async(fakefal))

def test_bare(fakefal):
    use_bare(fakefal)
""",
    "8 passed",
    "asyncio_mode = strict\nasyncio_default_fixture_loop_scope = function\n",
)

FILES = Cell(
    ("pyfakefs",),
    ("-p", "pyfakefs.pytest_plugin"),
    """
def test_pyfakefs(fakefal, fs):
    use_everything(fakefal)

def test_bare_1(fakefal):
    use_bare(fakefal)
""",
    "2 passed",
)

SYSTEM = Cell(
    ("pytest-subprocess", "pytest-cov"),
    (
        *("-p", "pytest_subprocess.fixtures"),
        *("-p", "pytest_cov.plugin", "--cov=test_it", "--cov-report="),
    ),
    """
def test_pytest_subprocess(fakefal, fp):
    fp.register(["git", "describe"], stdout="v1")
    fp.allow_unregistered(True)
    assert subprocess.run(["git", "describe"], capture_output=True).stdout.strip() == b"v1"
    use_everything(fakefal, program=True)

def test_bare_3(fakefal):
    use_everything(fakefal, program=True)
""",
    "2 passed",
)

CELLS = {
    "mocks": MOCKS,
    "order": ORDER,
    **{f"xdist-{cell.options[-1]}": cell for cell in WORKERS},
    "loops": LOOPS,
    "files": FILES,
    "system": SYSTEM,
}
