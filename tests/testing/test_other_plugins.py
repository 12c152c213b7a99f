"""The plugin beside others: any order, many workers, every kind of event loop, another pytest."""

from __future__ import annotations

import os

import pytest

from tests.blackbox.installing import package_folder
from tests.testing.conftest import RunTests

PYTEST_8 = ("pytest", "8.4.2")
RANDOMLY = ("pytest-randomly", "5.1.0")

CONFLICTING = """
import httpx
import pytest

client = httpx.Client(headers={"Authorization": "Key the:same"})

def send(endpoint="fal-ai/any-llm"):
    answer = client.post(f"https://fal.run/{endpoint}", json={"prompt": "same"})
    return answer.status_code, answer.text

@pytest.fixture(scope="module")
def shared(fakefal_factory):
    with fakefal_factory() as fake:
        fake.on().text("shared")
        yield fake

@pytest.mark.parametrize("number", range(100))
def test_conflicting(fakefal, number):
    text = f"{__name__} {number}"
    failure = {"status": 400 + number, "body": text}
    fakefal.on("fal-ai/any-llm", prompt="same").fail(**failure).then.text(text)
    assert send("fal-ai/flux/dev")[0] == 404
    assert len(fakefal.pop_misses()) == 1
    assert send() == (400 + number, text)
    status, body = send()
    assert (status, text in body) == (200, True)
    assert [call.input["prompt"] for call in fakefal.calls] == ["same"] * 3
    assert fakefal.clock.iso == "2026-01-01T00:00:00.000000Z"

def test_shared(shared):
    assert "shared" in send()[1]
"""


@pytest.mark.blackbox
def test_400_conflicting_tests_in_any_order_on_four_workers(
    run_tests: RunTests, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", _first(package_folder(*RANDOMLY)))
    for name in ("one", "two", "three"):
        pytester.makepyfile(**{f"test_{name}": CONFLICTING})
    result = run_tests(CONFLICTING, "-n", "4", "-p", "randomly", "--randomly-seed=7")
    result.assert_outcomes(passed=404)
    result.stdout.fnmatch_lines(["Using --randomly-seed=7"])


def _first(folder: str) -> str:
    return os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH"))))


LOOPS = """
import asyncio
import os
import socket
import threading

import anyio
import fal_client
import httpx
import pytest

CALL = ("fal-ai/any-llm", {"prompt": "x"})
REAL = (socket.getaddrinfo, "connect" in vars(socket.socket))

def is_as_before():
    return (socket.getaddrinfo, "connect" in vars(socket.socket)) == REAL

@pytest.fixture(autouse=True, scope="module")
def nothing_is_left():
    global REAL  # in a run that uses fakefal, the guard of the session is open all the time
    REAL = (socket.getaddrinfo, "connect" in vars(socket.socket))
    yield
    assert is_as_before()
    assert "FAL_KEY" not in os.environ

async def send(fakefal, number):
    fakefal.on().text(str(number))
    assert (await fal_client.subscribe_async(*CALL))["output"] == str(number)
    async with httpx.AsyncClient() as client:
        answer = await client.post("https://fal.run/fal-ai/any-llm", json={"prompt": "x"},
            headers={"Authorization": "Key a:b"})
        assert answer.json()["output"] == str(number)

@pytest.mark.parametrize("number", range(2))
async def test_loop_of_a_function(fakefal, number):
    await send(fakefal, number)

@pytest.mark.asyncio(loop_scope="class")
class TestClass:
    @pytest.mark.parametrize("number", range(2))
    async def test_loop_of_a_class(self, fakefal, number):
        await send(fakefal, number)

@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("number", range(2))
async def test_loop_of_a_module(fakefal, number):
    await send(fakefal, number)

@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("number", range(2))
async def test_loop_of_a_session(fakefal, number):
    await send(fakefal, number)

@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
def test_anyio(fakefal, anyio_backend):
    async def main():
        fakefal.on().text("x")
        async with httpx.AsyncClient() as client:
            answer = await client.post("https://fal.run/fal-ai/any-llm", json={"prompt": "x"},
                headers={"Authorization": "Key a:b"})
        assert answer.json()["output"] == "x"
    anyio.run(main, backend=anyio_backend)

async def test_pytest_aiohttp(fakefal, aiohttp_client):
    from aiohttp import web

    async def view(request):
        return web.json_response(await fal_client.AsyncClient().run(*CALL))

    fakefal.on().text("x")
    app = web.Application()
    app.router.add_get("/", view)
    client = await aiohttp_client(app)
    assert (await (await client.get("/")).json())["output"] == "x"

def test_threads(fakefal):
    fakefal.on().text("{{ input.prompt }}")
    outputs = {}
    def say(prompt):
        outputs[prompt] = fal_client.run("fal-ai/any-llm", {"prompt": prompt})["output"]
    threads = [threading.Thread(target=say, args=(str(n),)) for n in range(12)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert outputs == {str(n): str(n) for n in range(12)}

@pytest.mark.xfail(raises=ZeroDivisionError, strict=True)
def test_failing(fakefal):
    1 / 0

def test_after_a_failure():
    assert is_as_before()
    assert fal_client.client.RUN_URL_FORMAT == "https://fal.run/"
"""


@pytest.mark.parametrize("shuffled", [False, True], ids=["in order", "reversed"])
def test_every_loop_and_thread(
    run_tests: RunTests,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    shuffled: bool,
) -> None:
    monkeypatch.delenv("FAL_KEY", raising=False)
    if shuffled:
        pytester.makeconftest("def pytest_collection_modifyitems(items): items.reverse()")
    run_tests(LOOPS).assert_outcomes(passed=13, xfailed=1)


@pytest.mark.blackbox
def test_pytest_8(
    run_tests: RunTests, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", _first(package_folder(*PYTEST_8)))
    result = run_tests(
        """
        import fal_client
        import pytest

        def test_version():
            assert pytest.__version__ == "8.4.2"

        SCENARIO = {"fakefal": 1, "exchanges": [{"reply": {"text": "x"}}]}

        @pytest.mark.fakefal(SCENARIO, clock="manual")
        def test_marked():
            assert fal_client.run("fal-ai/any-llm", {"prompt": "x"})["output"] == "x"

        def test_missed(fakefal):
            with pytest.raises(fal_client.client.FalClientHTTPError):
                fal_client.run("fal-ai/any-llm", {"prompt": "x"})

        def test_failed(fakefal):
            assert False
        """
    )
    result.assert_outcomes(passed=3, failed=1, errors=1)
    result.stdout.fnmatch_lines(["*1 call matched no exchange:", "*- fakefal -*"])


def test_a_run_that_never_uses_it_imports_nothing_heavy(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(
        """
        import sys

        def test_plain():
            own = {name for name in sys.modules if name.partition(".")[0] == "fakefal"}
            assert own == {"fakefal", "fakefal._version", "fakefal.testing",
                "fakefal.testing.plugin", "fakefal.testing.config",
                "fakefal.testing.config.markers", "fakefal.testing.config.settings"}
            assert not {"pydantic", "yaml", "jinja2", "fal_client", "httpx"} & set(sys.modules)
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:aiohttp")
    result.assert_outcomes(passed=1)
