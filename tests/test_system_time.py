"""The real time, whatever has patched that of the process."""

from __future__ import annotations

import time
from unittest import mock

from fakefal import system_time


def test_it_is_the_time_of_the_system() -> None:
    assert abs(system_time.now() - time.time()) < 5
    assert abs(system_time.monotonic() - time.monotonic()) < 5
    assert abs(system_time.utc_now().timestamp() - time.time()) < 5
    assert not system_time.is_patched()


def test_a_patch_by_hand_does_not_change_it() -> None:
    real, monotonic = time.time(), time.monotonic()
    frozen = mock.patch.multiple(time, time=lambda: 0.0, monotonic=lambda: 0.0)
    with frozen:
        assert abs(system_time.now() - real) < 5
        assert abs(system_time.monotonic() - monotonic) < 5
        assert system_time.is_patched()
