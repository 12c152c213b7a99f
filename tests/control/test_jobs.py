from __future__ import annotations

import pytest

from fakefal.protocol.errors.errors import ApiError
from tests.building import ANY_LLM, exchange, make_call, make_engine, tenant_of, timeline
from tests.control.calls import call_json, expect_error


def test_journal_jobs_and_misses_of_the_key_are_told() -> None:
    engine = make_engine([exchange(when={"via": "queue"})])
    tenant = tenant_of(engine)
    job = tenant.submit(make_call())
    with pytest.raises(ApiError, match="404"):
        tenant.stream(make_call(via="stream"))
    assert [it["status"] for it in call_json(engine, "GET", "/journal")] == [200, 404]
    assert [it["request_id"] for it in call_json(engine, "GET", "/jobs")] == [job.id]
    (miss,) = call_json(engine, "GET", "/misses")
    assert miss.startswith("no exchange for fal-ai/any-llm (stream); nearest: ")
    (detailed,) = call_json(engine, "GET", "/misses?details=true")
    assert (detailed["text"], detailed["via"]) == (miss, "stream")
    assert detailed["nearest"][0]["difference"]
    for path in ("/journal", "/jobs", "/misses"):
        assert call_json(engine, "GET", path, key="Key other") == []


def test_jobs_are_chosen_by_state_and_endpoint() -> None:
    engine = make_engine([timeline({"IN_QUEUE": {"forever": True}})])
    tenant = tenant_of(engine)
    first = tenant.submit(make_call())
    second = tenant.submit(make_call("fal-ai/flux/dev"))
    tenant.cancel("fal-ai/flux", second.id)

    def chosen(query: str) -> list[str]:
        return [it["request_id"] for it in call_json(engine, "GET", f"/jobs?{query}")]

    assert chosen("state=queued") == [first.id]
    assert chosen("state=queued,cancelled") == [first.id, second.id]
    assert chosen("endpoint=fal-ai/fl*") == [second.id]
    assert chosen("limit=1") == [second.id]
    assert expect_error(engine, "GET", "/jobs?state=done").status == 400


def test_a_job_is_told_from_its_input_to_its_end() -> None:
    step = {"IN_PROGRESS": {"logs": ["loading"], "for": "2s"}}
    engine = make_engine([timeline({"IN_QUEUE": {"position": 2}}, step)])
    tenant = tenant_of(engine)
    job = tenant.submit(make_call(headers={"x-a": "b"}))
    told = call_json(engine, "GET", f"/jobs/{job.id}")
    assert (told["state"], told["step"], told["input"]) == ("queued", 0, {"prompt": "hi"})
    assert [it["state"] for it in told["timeline"]] == ["IN_QUEUE", "IN_PROGRESS"]
    assert (told["timeline"][0]["queue_position"], told["timeline"][1]["seconds"]) == (2, 2.0)
    assert (told["status"], told["output"], told["headers"]) == (None, None, {"x-a": "b"})
    tenant.status(ANY_LLM, job.id, with_logs=False)
    tenant.clock.advance(2)
    told = call_json(engine, "GET", f"/jobs/{job.id}")
    assert (told["state"], told["status"]) == ("completed", 200)
    assert told["output"]["output"] == "Ship it."
    assert [it["message"] for it in told["logs"]] == ["loading"]


def test_a_job_that_failed_with_a_page_is_told_as_text() -> None:
    engine = make_engine([exchange({"fail": {"status": 502, "body": "<html>"}})])
    job = tenant_of(engine).submit(make_call())
    for _ in range(2):
        tenant_of(engine).status(ANY_LLM, job.id, with_logs=False)
    told = call_json(engine, "GET", f"/jobs/{job.id}")
    assert (told["status"], told["output"]) == (502, "<html>")


def test_a_job_of_another_key_is_not_found() -> None:
    engine = make_engine()
    job = tenant_of(engine).submit(make_call())
    assert expect_error(engine, "GET", f"/jobs/{job.id}", key="Key other").status == 404


def test_files_are_listed() -> None:
    assert call_json(make_engine(), "GET", "/files") == []
