from __future__ import annotations

import pytest

from fakefal.protocol.errors.errors import ApiError
from tests.building import make_call, make_engine, tenant_of
from tests.control.calls import call_json

STUB = {"when": {"input": {"prompt": "tagline"}}, "reply": {"text": "a", "billable_units": 2}}


def test_the_report_has_what_a_test_reads_at_its_end() -> None:
    engine = make_engine()
    call_json(engine, "PUT", "/scenarios", {"fakefal": 1, "exchanges": []})
    call_json(engine, "PUT", "/exchanges/0?location=poster.test.ts:12", STUB)
    tenant_of(engine).submit(make_call(input_={"prompt": "tagline"}))
    call_json(engine, "PUT", "/exchanges/1?location=poster.test.ts:20", STUB)
    report = call_json(engine, "GET", "/report")
    assert (report["miss_count"], report["misses"], report["refused"]) == (0, "", [])
    assert "poster.test.ts:20 answered no call: poster.test.ts:12" in report["unused"][0]
    assert "journal" in report["timeline"]


def test_known_misses_are_left_out() -> None:
    engine = make_engine()
    call_json(engine, "PUT", "/scenarios", {"fakefal": 1, "exchanges": []})
    call_json(engine, "PUT", "/exchanges/0", STUB)
    for prompt in ("x", "y"):
        with pytest.raises(ApiError, match="404"):
            tenant_of(engine).submit(make_call(input_={"prompt": prompt}))
    report = call_json(engine, "GET", "/report")
    assert report["miss_count"] == 2
    assert report["misses"].startswith("2 calls matched no exchange:\n")
    one = call_json(engine, "GET", "/report?known_misses=1")["misses"]
    assert one.startswith("1 call matched no exchange:\n")
    assert '"y"' in one
    assert '"x"' not in one
    assert call_json(engine, "GET", "/report?known_misses=2")["misses"] == ""
