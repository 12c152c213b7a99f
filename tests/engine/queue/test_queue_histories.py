"""Random histories of a queue with runners, deadlines, lost runners and faults.

Invariants are asserted after every action. A history read after every second is the same as one
read only at its end.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fakefal.engine.controls import Controls
from fakefal.engine.queue.job import Job, State
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.platform_options import PlatformOptions
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import FaultAbort
from fakefal.protocol.queue import Snapshot
from tests.building import ANY_LLM, exchange, make_call
from tests.engine.tenants import make_engine_in

FLUX = "fal-ai/flux"
APPS = [ANY_LLM, FLUX]
WORDS = {"IN_QUEUE", "IN_PROGRESS", "COMPLETED"}

REPLIES = st.fixed_dictionaries(
    {"output": st.just("x")},
    optional={
        "timeline": st.sampled_from(
            [
                [],
                ["IN_PROGRESS"],
                [{"IN_PROGRESS": {"for": 3}}],
                [{"IN_QUEUE": {"for": 1, "position": 7}}, {"IN_PROGRESS": {"for": 2}}],
                [{"IN_PROGRESS": {"for": 0}}],
                [{"IN_PROGRESS": {"forever": True}}],
                [
                    {"IN_PROGRESS": {"for": 1}},
                    {"IN_QUEUE": {"for": 1}},
                    {"IN_PROGRESS": {"for": 1}},
                ],
            ]
        ),
        "retries": st.integers(0, 12),
        "cancel": st.sampled_from(["ignored", "accepted", "too-late"]),
        "result_ttl": st.sampled_from([5, 60]),
        "faults": st.dictionaries(
            st.sampled_from(["submit", "status", "result", "cancel"]),
            st.lists(
                st.sampled_from(["500", "reset", "ok", "accepted-then-reset", "slow", "nginx-502"]),
                min_size=1,
                max_size=3,
            ),
        ),
    },
)
ENVIRONMENTS = st.fixed_dictionaries(
    {},
    optional={
        "apps": st.fixed_dictionaries(
            {},
            optional={
                app: st.fixed_dictionaries(
                    {},
                    optional={
                        "runners": st.integers(1, 3),
                        "request_timeout": st.integers(1, 4),
                        "queue_length": st.integers(0, 2),
                    },
                )
                for app in APPS
            },
        ),
        "account": st.fixed_dictionaries({"concurrency": st.integers(1, 3)}),
        "faults": st.dictionaries(
            st.sampled_from(["submit", "status", "cancel"]), st.just(["reset", "ok", "503"])
        ),
        "chaos": st.fixed_dictionaries({"rate": st.just(0.2), "faults": st.just(["500", "hang"])}),
    },
)
PLATFORM_OPTIONS = st.builds(
    PlatformOptions,
    start_timeout_seconds=st.sampled_from([float("inf"), 2.0, 4.5]),
    is_low_priority=st.booleans(),
    may_retry=st.booleans(),
    max_queue_length=st.sampled_from([float("inf"), 0, 1]),
)


def limit_of(parts: dict[str, Any], app: str) -> float:
    return float(parts.get("apps", {}).get(app, {}).get("runners", float("inf")))


def concurrency_of(parts: dict[str, Any]) -> float:
    return float(parts.get("account", {}).get("concurrency", float("inf")))


def state_of(job: Job) -> tuple[Any, ...]:
    """All of a job that an action may change."""
    return (
        job.position,
        job.state,
        job.ended_at,
        job.rendered.outcome,
        job.attempt,
        job.ignores_polls,
    )


@dataclass
class JobSeen:
    """The end of a job as far as it was seen."""

    app: str
    ended_at: float | None = None
    payload: bytes = b""


class Queues(RuleBasedStateMachine):
    """Drives a tenant and asserts the invariants."""

    @initialize(replies=st.lists(REPLIES, min_size=1, max_size=2), parts=ENVIRONMENTS)
    def begin(self, replies: list[dict[str, Any]], parts: dict[str, Any]) -> None:
        exchanges = [
            exchange(reply, when={"input": {"n": number}}) for number, reply in enumerate(replies)
        ]
        self.parts = parts
        self.kinds = len(exchanges)
        self.controls = Controls(make_engine_in(*exchanges, **parts), "id:secret")
        self.seen: dict[str, JobSeen] = {}
        self.expired: set[str] = set()
        self.request_count = 0

    @property
    def tenant(self) -> Tenant:
        return self.controls.tenant

    def job(self, pick: int) -> tuple[str, JobSeen]:
        return list(self.seen.items())[pick % len(self.seen)]

    def read(self, pick: int, operation: Any) -> tuple[str, JobSeen, bool]:
        """Whether an operation on a job is served; if not, it must change nothing."""
        self.request_count += 1
        id_, seen = self.job(pick)
        tenant = self.tenant
        if id_ in tenant.queue.jobs:
            tenant.queue.advance_job(tenant.queue.jobs[id_], tenant.clock.now())
        before = {key: state_of(job) for key, job in tenant.queue.jobs.items()}
        try:
            tenant.check_fault(operation, seen.app, id_)
        except FaultAbort:
            assert {key: state_of(job) for key, job in tenant.queue.jobs.items()} == before
            return id_, seen, False
        return id_, seen, True

    def missing(self, id_: str) -> None:
        """Check that a 404 is for an expired job, and journal it as the HTTP handler does."""
        assert id_ not in self.tenant.queue.jobs
        self.expired.add(id_)
        self.request_count -= 1

    @rule(kind=st.integers(0, 9), app=st.sampled_from(APPS), options=PLATFORM_OPTIONS)
    def submit(self, kind: int, app: str, options: PlatformOptions) -> None:
        self.request_count += 1
        call = make_call(
            app, input_={"prompt": "hi", "n": kind % self.kinds}, platform_options=options
        )
        before = set(self.tenant.queue.jobs)
        try:
            job = self.tenant.submit(call)
        except (ApiError, FaultAbort):
            assert set(self.tenant.queue.jobs) == before
            return
        assert job.id not in self.seen
        assert job.submit_snapshot().status in WORDS
        self.seen[job.id] = JobSeen(app)

    @precondition(lambda self: self.seen)
    @rule(pick=st.integers(0, 99))
    def status(self, pick: int) -> None:
        id_, seen, is_served = self.read(pick, "status")
        if not is_served:
            return
        try:
            snapshot = self.tenant.status(seen.app, id_, with_logs=True)
        except ApiError:
            self.missing(id_)
            return
        assert id_ not in self.expired
        assert snapshot.status in WORDS
        assert (snapshot.queue_position is not None) == (snapshot.status == "IN_QUEUE")
        assert (snapshot.status == "COMPLETED") or seen.ended_at is None

    @precondition(lambda self: self.seen)
    @rule(pick=st.integers(0, 99))
    def result(self, pick: int) -> None:
        id_, seen, is_served = self.read(pick, "result")
        if not is_served:
            return
        try:
            job = self.tenant.result(seen.app, id_)
        except ApiError:
            self.missing(id_)
            return
        assert job is not None or seen.ended_at is None
        assert job is None or job.is_over

    @precondition(lambda self: self.seen)
    @rule(pick=st.integers(0, 99))
    def cancel(self, pick: int) -> None:
        id_, seen, is_served = self.read(pick, "cancel")
        if not is_served:
            return
        try:
            accepted = self.tenant.cancel(seen.app, id_)
        except ApiError:
            self.missing(id_)
            return
        job = self.tenant.queue.jobs[id_]
        assert not accepted or seen.ended_at is None or job.state is State.CANCELLED

    @precondition(lambda self: self.seen)
    @rule(pick=st.integers(0, 99))
    def watch(self, pick: int) -> None:
        id_, seen = self.job(pick)
        try:
            shown: list[Snapshot] = list(
                self.tenant.stream_status(seen.app, id_, with_logs=False).new_snapshots()
            )
        except ApiError:
            self.missing(id_)
            self.request_count += 1
            return
        self.request_count += 1
        assert [snapshot.status for snapshot in shown if snapshot.status == "COMPLETED"] in (
            [],
            ["COMPLETED"],
        )

    @rule(seconds=st.sampled_from([0, 0.5, 1, 3, 20]))
    def advance(self, seconds: float) -> None:
        self.controls.advance(seconds)

    @precondition(lambda self: self.seen)
    @rule()
    def reset(self) -> None:
        self.controls.reset()
        assert self.controls.jobs() == []
        self.seen, self.expired, self.request_count = {}, set(), 0

    def advanced_jobs(self) -> list[Job]:
        now = self.tenant.clock.now()
        jobs = list(self.tenant.queue.jobs.values())
        for job in jobs:
            self.tenant.queue.advance_job(job, now)
        return jobs

    @invariant()
    def runs_stay_within_the_limits(self) -> None:
        if not hasattr(self, "parts"):
            return
        running = Counter(
            job.call.endpoint.app
            for job in self.advanced_jobs()
            if job.state is State.RUNNING and not job.is_over
        )
        assert all(count <= limit_of(self.parts, app) for app, count in running.items())
        if concurrency_of(self.parts) < float("inf"):
            assert sum(running.values()) <= concurrency_of(self.parts)

    @invariant()
    def no_job_waits_while_a_runner_is_free(self) -> None:
        if not hasattr(self, "parts"):
            return
        jobs = self.advanced_jobs()
        running = [job for job in jobs if job.state is State.RUNNING and not job.is_over]
        for app in APPS:
            places = sorted(
                job.snapshot(with_logs=False).queue_position or 0
                for job in jobs
                if job.is_waiting and job.call.endpoint.app == app
            )
            foreign = self.parts.get("apps", {}).get(app, {}).get("queue_length", 0)
            assert places == [foreign + place for place in range(len(places))]
            busy = sum(job.call.endpoint.app == app for job in running)
            is_free = busy < limit_of(self.parts, app)
            assert not (places and is_free and len(running) < concurrency_of(self.parts))

    @invariant()
    def a_job_ends_once_and_stays_as_it_ended(self) -> None:
        if not hasattr(self, "parts"):
            return
        now = self.tenant.clock.now()
        for job in self.advanced_jobs():
            seen = self.seen[job.id]
            if seen.ended_at is not None:
                assert (job.ended_at, job.rendered.outcome.payload) == (seen.ended_at, seen.payload)
            elif job.ended_at is not None:
                assert job.created_at <= job.ended_at <= now
                seen.ended_at, seen.payload = job.ended_at, job.rendered.outcome.payload

    @invariant()
    def every_request_is_one_line_of_the_journal(self) -> None:
        if hasattr(self, "parts"):
            assert len(self.tenant.journal) == self.request_count


TestQueues = Queues.TestCase
TestQueues.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


ARRIVALS = st.lists(
    st.tuples(
        st.integers(0, 4), st.sampled_from(APPS), st.booleans(), st.sampled_from([1e9, 3.0, 6.0])
    ),
    min_size=1,
    max_size=7,
)
TIMED = st.fixed_dictionaries(
    {
        "output": st.just("x"),
        "timeline": st.builds(
            lambda waits, runs: [{"IN_QUEUE": {"for": waits}}, {"IN_PROGRESS": {"for": runs}}],
            st.integers(0, 1),
            st.integers(0, 3),
        ),
        "retries": st.integers(0, 3),
    }
)


@given(TIMED, ARRIVALS, st.integers(1, 3), st.sampled_from([None, 2]), st.sampled_from([0.5, 1, 7]))
@settings(max_examples=50)
def test_the_number_of_reads_changes_nothing(
    reply: dict[str, Any],
    arrivals: list[tuple[int, str, bool, float]],
    runners: int,
    timeout: int | None,
    step: float,
) -> None:
    app_settings: dict[str, Any] = {"runners": runners}
    if timeout is not None:
        app_settings["request_timeout"] = timeout
    ends = []
    for reads_often in (False, True):
        controls = Controls(make_engine_in(exchange(reply), apps={"*": app_settings}), "id:secret")
        tenant = controls.tenant
        for pause, app, is_low, deadline in arrivals:
            pass_time(controls, float(pause), step if reads_often else float(pause))
            tenant.submit(make_call(app, platform_options=PlatformOptions(deadline, is_low)))
        pass_time(controls, 90.0, step if reads_often else 90.0)
        controls.jobs()
        ends.append([(job.ended_at, job.attempt) for job in tenant.queue.jobs.values()])
    assert ends[0] == ends[1]
    assert all(ended is not None for ended, _ in ends[0])


def pass_time(controls: Controls, seconds: float, step: float) -> None:
    """Advance the clock, reading all jobs after each step."""
    while seconds > 0:
        controls.advance(min(step, seconds))
        controls.jobs()
        seconds -= step
