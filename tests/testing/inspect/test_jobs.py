from __future__ import annotations

import pytest

from fakefal.testing.inspect.jobs import JobRecord


def test_conditions_are_live_and_fields_are_a_snapshot() -> None:
    states = {"id": "queued"}
    job = JobRecord({"request_id": "id", "state": "queued"}, lambda id_: states[id_])
    assert not job.completed
    states["id"] = "completed"
    assert job.completed()
    assert (job.state, job["state"], bool(job.running), bool(job.cancelled)) == (
        "queued",
        "queued",
        False,
        False,
    )
    assert repr(job.completed) == "id is completed"
    with pytest.raises(AttributeError, match="a job has no stat — it has request_id, state"):
        _ = job.stat
