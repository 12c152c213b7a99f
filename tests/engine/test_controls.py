from __future__ import annotations

import json

import pytest

from fakefal.engine.controls import CallRecord, Controls
from fakefal.engine.core.clock import START
from fakefal.engine.files.blobs import MemoryBlob
from fakefal.errors import SettingError, UnmatchedCalls
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import FaultAbort
from fakefal.protocol.storage.file_acl import Lifecycle
from fakefal.protocol.storage.storage import UploadRequest
from fakefal.scenario.builder import build_defaults, build_exchange
from fakefal.scenario.matching.matchers import PatternError
from fakefal.settings import Limits
from tests.building import ANY_LLM, exchange, make_call, make_engine, tenant_of, timeline

KEY = "id:secret"


def make_controls(*exchanges: dict[str, object], **more: object) -> Controls:
    return Controls(make_engine(exchanges, **more), KEY)  # type: ignore[arg-type]


def miss(controls: Controls) -> None:
    with pytest.raises(ApiError, match="404"):
        controls.tenant.submit(make_call())


def test_calls_have_their_input_and_exchange() -> None:
    controls = make_controls(exchange(id="tagline"))
    job = controls.tenant.submit(make_call(headers={"x-a": "b"}))
    controls.tenant.status(ANY_LLM, job.id, with_logs=False)
    assert controls.calls() == [
        CallRecord(
            "fal-ai/any-llm", "queue", {"prompt": "hi"}, {"x-a": "b"}, job.id, "tagline", 200
        )
    ]


def test_a_missed_call_has_no_exchange() -> None:
    controls = make_controls(exchange(when={"via": "run"}))
    miss(controls)
    (record,) = controls.calls()
    assert (record.exchange, record.status) == ("", 404)
    assert record.request_id


def test_misses_are_listed_and_raised() -> None:
    controls = make_controls(exchange(id="other", when={"via": "run"}))
    controls.assert_no_misses()
    miss(controls)
    miss(controls)
    assert len(controls.misses()) == 2
    with pytest.raises(UnmatchedCalls) as caught:
        controls.assert_no_misses()
    lines = str(caught.value).splitlines()
    assert lines == ["2 calls matched no exchange:", *controls.misses()]


def test_one_miss_is_reported_in_the_singular() -> None:
    controls = make_controls(exchange(when={"via": "run"}))
    miss(controls)
    with pytest.raises(UnmatchedCalls, match="1 call matched no exchange:"):
        controls.assert_no_misses()


@pytest.mark.parametrize(
    ("by", "seconds"), [("90s", 90), ("1m30s", 90), (1.5, 1.5), (0, 0), ("300ms", 0.3)]
)
def test_the_clock_moves_by_a_duration(by: float | str, seconds: float) -> None:
    controls = make_controls()
    rows = controls.advance(by)
    assert rows == controls.clock()
    assert (rows["kind"], rows["now"]) == ("manual", START + seconds)


def test_the_clock_has_its_time_as_text_too() -> None:
    assert make_controls().clock()["iso"] == "2026-01-01T00:00:00.000000Z"


@pytest.mark.parametrize("by", ["soon", "-1s", -1, ""])
def test_an_invalid_duration_is_rejected_with_an_example(by: float | str) -> None:
    controls = make_controls()
    with pytest.raises(SettingError, match="write 90s, 300ms, or a number of seconds"):
        controls.advance(by)
    assert controls.clock()["now"] == START


def test_jobs_are_listed_in_their_present_state() -> None:
    controls = make_controls(timeline({"IN_QUEUE": {"for": "2s"}}, {"IN_PROGRESS": {"for": "2s"}}))
    job = controls.tenant.submit(make_call())
    states = []
    for _ in range(3):
        (rows,) = controls.jobs()
        states.append((rows["state"], rows["ended_at"]))
        controls.advance(2)
    assert states == [
        ("queued", None),
        ("running", None),
        ("completed", "2026-01-01T00:00:04.000000Z"),
    ]
    assert rows["request_id"] == job.id
    assert rows["endpoint"] == "fal-ai/any-llm"
    assert rows["created_at"] == "2026-01-01T00:00:00.000000Z"


def test_all_listings_are_json() -> None:
    controls = make_controls(exchange(id="a", times=1))
    controls.tenant.submit(make_call())
    miss(controls)
    rows = [controls.journal(), controls.jobs(), controls.misses(), controls.clock()]
    assert json.loads(json.dumps(rows)) == rows
    assert len(controls.journal()) == 2


def test_an_exchange_is_added_at_the_end_or_replaced_in_place() -> None:
    controls = make_controls()
    for index, text in [(0, "a"), (1, "b"), (9, "c"), (1, "B")]:
        controls.put_exchange(index, build_exchange(exchange({"text": text})))
    texts = [entry.model.reply.text for entry in controls.tenant.own_index.exchanges]  # type: ignore[union-attr]
    assert texts == ["a", "B", "c"]


def test_an_invalid_exchange_is_rejected() -> None:
    controls = make_controls()
    with pytest.raises(PatternError):
        controls.put_exchange(0, build_exchange(exchange(when={"endpoint": "nonsense"})))
    assert controls.tenant.own_index.exchanges == ()


def test_own_exchanges_are_limited() -> None:
    controls = make_controls(limits=Limits(added_exchanges=2))
    for index in range(2):
        controls.put_exchange(index, build_exchange(exchange()))
    with pytest.raises(SettingError, match="at most 2 exchanges"):
        controls.put_exchange(2, build_exchange(exchange()))
    controls.put_exchange(1, build_exchange(exchange({"text": "replaced"})))


def test_a_reset_keeps_only_the_kind_of_clock() -> None:
    controls = Controls(make_engine(clock="real"), KEY, clock="manual")
    controls.put_exchange(0, build_exchange(exchange()))
    controls.tenant.submit(make_call())
    controls.advance(60)
    controls.reset()
    assert (controls.jobs(), controls.journal(), controls.tenant.own_index.exchanges) == (
        [],
        [],
        (),
    )
    assert (controls.clock()["kind"], controls.clock()["now"]) == ("manual", START)


def test_a_reset_by_others_keeps_the_clock_and_is_seen_immediately() -> None:
    engine = make_engine(clock="real")
    controls = Controls(engine, KEY, clock="manual")
    old = controls.tenant
    Controls.for_tenant(engine, tenant_of(engine, KEY)).reset()
    assert controls.tenant is tenant_of(engine, KEY)
    assert controls.tenant is not old
    assert controls.clock()["kind"] == "manual"


def test_the_controls_of_a_dropped_key_still_have_its_past() -> None:
    engine = make_engine()
    controls = Controls(engine, KEY)
    controls.tenant.submit(make_call())
    engine.drop(KEY)
    assert len(controls.calls()) == 1


def test_new_controls_reset_the_tenant_and_for_tenant_keeps_it() -> None:
    engine = make_engine()
    tenant = tenant_of(engine, KEY)
    assert Controls.for_tenant(engine, tenant).tenant is tenant
    assert Controls(engine, KEY).tenant is not tenant


def test_entries_dropped_from_a_full_journal_are_counted() -> None:
    engine = make_engine(limits=Limits(journal_entries=2))
    controls = Controls(engine, "id:secret")
    for _ in range(5):
        controls.tenant.submit(make_call())
    assert (len(controls.journal()), controls.dropped()) == (2, 3)


def test_files_are_listed_with_their_bytes() -> None:
    controls = make_controls()
    uploads = controls.tenant.uploads
    life = Lifecycle(60.0)
    uploads.save(
        "v3.fal.media", UploadRequest("my cat.png", "image/png"), life, MemoryBlob(b"cat"), "whole"
    )
    (file,) = controls.files()
    assert (file.name, file.content_type, file.size, file.read()) == (
        "my cat.png",
        "image/png",
        3,
        b"cat",
    )
    assert file.body() == {
        "url": file.url,
        "file_name": "my cat.png",
        "content_type": "image/png",
        "file_size": 3,
        "origin": "upload",
        "expires_at": "2026-01-01T00:01:00.000000Z",
    }
    assert "my cat.png" in repr(file)
    controls.reset()
    assert controls.files() == []


def test_an_account_counts_calls_since_it_was_set() -> None:
    controls = Controls(make_engine([exchange()]), "id:secret")
    tenant = controls.tenant
    tenant.submit(make_call())
    for _ in range(2):
        controls.update(build_defaults({"account": {"state": "locked", "after": 1}}))
        tenant.submit(make_call())
        controls.update(build_defaults({"options": {"logs": "window"}}))
        with pytest.raises(FaultAbort):
            tenant.submit(make_call())
    assert len(controls.jobs()) == 3


def test_jobs_have_their_attempt_and_gateway_id() -> None:
    controls = Controls(make_engine([exchange({"text": "x", "retries": 1})]), "id:secret")
    id_ = controls.tenant.submit(make_call()).id
    for _ in range(2):
        controls.tenant.status(ANY_LLM, id_, with_logs=False)
    (job,) = controls.jobs()
    assert (job["attempt"], job["request_id"]) == (2, id_)
    assert job["gateway_request_id"] not in ("", id_)
