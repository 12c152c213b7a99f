"""The counter of Python calls, on a real server in this process."""

from __future__ import annotations

from benchmarks.calls import PACKAGE, count_calls


async def test_calls_of_four_requests_are_counted_in_files_of_fakefal() -> None:
    counted = await count_calls()
    assert list(counted) == ["submit", "poll", "result", "run"]
    for calls in counted.values():
        assert calls.total() > 5
        assert all(code.co_filename.startswith(str(PACKAGE)) for code in calls)
