"""Crowds: more jobs, keys and memory than a server keeps. Nothing that is alive may be lost."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from fakefal.protocol.errors.errors import ApiError
from fakefal.settings import Limits
from tests.building import ANY_LLM, make_call, make_engine, tenant_of

pytestmark = pytest.mark.slow


def test_no_key_with_a_live_job_is_ended_by_five_thousand_others() -> None:
    engine = make_engine(limits=Limits(tenants=1000))
    accepted, refused = [], 0
    for number in range(5_000):
        key = f"id-{number}:secret"
        try:
            accepted.append((key, tenant_of(engine, key).submit(make_call()).id))
        except ApiError as error:
            refused += error.status == 429
    assert (len(accepted), refused) == (1000, 4000)
    assert engine.bounds.refused == {"tenants": 4000}
    lost = [key for key, id_ in accepted if tenant_of(engine, key).queue.peek(ANY_LLM, id_) is None]
    assert lost == []


def test_ten_thousand_subscribers_of_one_key_lose_nothing() -> None:
    tenant = tenant_of(make_engine(limits=Limits(jobs=2_000)))
    waiting, finished, retries = list(range(10_000)), 0, 0
    running: list[str] = []
    while waiting or running:
        while waiting:
            try:
                running.append(tenant.submit(make_call(input_={"prompt": str(waiting[-1])})).id)
            except ApiError as error:
                retries += error.status == 429
                break
            waiting.pop()
        for id_ in running:
            for _ in range(3):
                tenant.status(ANY_LLM, id_, with_logs=False)
            assert tenant.result(ANY_LLM, id_) is not None
            finished += 1
        running.clear()
    assert finished == 10_000
    assert retries == 4


def resident_bytes() -> int:
    """The resident memory of this process (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux has /proc")
def test_memory_is_flat_over_resets_and_large_inputs() -> None:
    engine = make_engine()
    gc.collect()
    gc.disable()
    try:
        levels = []
        for number in range(15):
            tenant = engine.reset_tenant("id:secret")
            for part in range(20):
                text = f"{number}-{part}" + "x" * 1_000_000
                tenant.submit(make_call(input_={"image_url": text}))
            levels.append(resident_bytes())
    finally:
        gc.enable()
    assert max(levels) - levels[4] < 60_000_000
