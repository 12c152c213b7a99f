"""Processes of every start method that begin before, in or between tests with a fake."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.beside.running import run_beside

TESTS = """
import concurrent.futures
import multiprocessing

import fal_client
import pytest

METHOD = "@METHOD@"
CONTEXT = multiprocessing.get_context(METHOD)

def ask(_=0):
    try:
        client = fal_client.SyncClient(default_timeout=3)
        first = client.run("fal-ai/any-llm", {"prompt": "x"})["output"]
        return first, fal_client.run("fal-ai/any-llm", {"prompt": "x"})["output"]
    except BaseException as error:
        return repr(error)[:300]

def put(queue):
    queue.put(ask())

def nothing():
    pass

def start(function, *args):
    process = CONTEXT.Process(target=function, args=args, daemon=True)
    process.start()
    return process

def said_by_a_process():
    queue = CONTEXT.Queue()
    process = start(put, queue)
    said = queue.get(timeout=20)
    process.join()
    return said

@pytest.fixture(scope="module")
def executor():
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=CONTEXT) as executor:
        yield executor

@pytest.fixture(scope="module")
def pool():
    with CONTEXT.Pool(1) as pool:
        yield pool

def check_nothing_escapes(executor, pool):
    for said in (said_by_a_process(), executor.submit(ask).result(20), pool.apply(ask)):
        assert "fakefal" in said and "OK" not in said, said

def test_before_any_fake(executor, pool):
    start(nothing).join()
    check_nothing_escapes(executor, pool)

@pytest.mark.parametrize("number", [1, 2])
def test_a_fake(fakefal, executor, pool, number):
    fakefal.on().text(f"OK {number}")
    said = f"OK {number}", f"OK {number}"
    assert said_by_a_process() == said
    assert executor.submit(ask).result(20) == said
    assert list(executor.map(ask, [1])) == [said]
    assert pool.apply(ask) == said
    assert pool.map(ask, [1]) == [said]
    assert list(pool.imap(ask, [1])) == [said]
    assert len(fakefal.calls) == 12

def test_after_the_fakes(executor, pool):
    check_nothing_escapes(executor, pool)

@pytest.fixture(scope="module")
def begun_in_a_fake():
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=CONTEXT) as executor:
        yield executor

def test_a_pool_that_begins_in_a_fake(fakefal, begun_in_a_fake):
    fakefal.on().text("OK 3")
    assert begun_in_a_fake.submit(ask).result(20) == ("OK 3", "OK 3")

def test_that_pool_without_a_fake(begun_in_a_fake):
    said = begun_in_a_fake.submit(ask).result(20)
    assert "fakefal" in said and "OK" not in said, said

def test_that_pool_in_another_fake(fakefal, begun_in_a_fake):
    fakefal.on().text("OK 4")
    assert begun_in_a_fake.submit(ask).result(20) == ("OK 4", "OK 4")
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_are_led_to_the_fake_of_the_running_test_or_refused(
    tmp_path: Path, method: str
) -> None:
    ended = run_beside(tmp_path, TESTS.replace("@METHOD@", method), "-p", "no:randomly")
    assert "7 passed" in ended.text, ended.text
    assert ended.code == 0
