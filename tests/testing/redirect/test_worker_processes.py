"""The state that travels to children; tests/beside/test_processes.py runs real ones."""

from __future__ import annotations

import concurrent.futures
import os
import pickle
import subprocess
import sys
from multiprocessing import pool, spawn

import pytest

from fakefal import FakeFal
from fakefal.testing.redirect.worker_processes import current_state, run_task

pytestmark = pytest.mark.slow


def test_the_state_is_that_of_the_fake(fakefal: FakeFal) -> None:
    state = current_state()
    assert state.address is not None
    assert state.environment["FAKEFAL_URL"] == fakefal.url
    assert state.environment["FAL_KEY"] == fakefal.key
    assert state.is_guarded


def test_without_a_fake_it_is_the_environment_of_this_process() -> None:
    state = current_state()
    assert state.address is None
    assert state.environment == dict(os.environ)


def test_a_preparation_applies_the_state_where_it_is_unpickled(fakefal: FakeFal) -> None:
    prepared = pickle.dumps(spawn.get_preparation_data("x")["fakefal"])
    program = "import os, pickle, sys; pickle.load(sys.stdin.buffer); print(os.environ['FAL_KEY'])"
    env = {"PATH": os.environ["PATH"], "FAL_KEY": "other"}
    done = subprocess.run([sys.executable, "-S", "-c", program], input=prepared, env=env, stdout=-1)
    assert done.stdout.decode().strip() == fakefal.key


def test_a_task_in_this_process_changes_nothing_after_it(fakefal: FakeFal) -> None:
    before = dict(os.environ)
    assert run_task(current_state(), lambda: os.environ["FAL_KEY"]) == fakefal.key
    assert dict(os.environ) == before


def test_threads_are_not_led(fakefal: FakeFal) -> None:
    with pool.ThreadPool(1) as threads, concurrent.futures.ThreadPoolExecutor(1) as executor:
        assert threads.apply(os.getpid) == os.getpid()
        assert executor.submit(os.getpid).result() == os.getpid()
