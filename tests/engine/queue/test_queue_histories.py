"""Random histories of a queue with runners, deadlines, lost runners and faults.

Invariants are asserted after every deed; and a history looked at after every second of it is the
same as one that is looked at only at its end.
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
from tests.engine.living import make_engine_in

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
WORLDS = st.fixed_dictionaries(
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
WISHES = st.builds(
    PlatformOptions,
    start_seconds=st.sampled_from([float("inf"), 2.0, 4.5]),
    is_low=st.booleans(),
    may_retry=st.booleans(),
    max_queue_length=st.sampled_from([float("inf"), 0, 1]),
)


def limit_of(world: dict[str, Any], app: str) -> float:
    return float(world.get("apps", {}).get(app, {}).get("runners", float("inf")))


def concurrency_of(world: dict[str, Any]) -> float:
    return float(world.get("account", {}).get("concurrency", float("inf")))


def state_of(job: Job) -> tuple[Any, ...]:
    """All of a job that a deed may change."""
    return (
        job.position,
        job.state,
        job.ended_at,
        job.rendered.outcome,
        job.attempt,
        job.ignores_polls,
    )


@dataclass
class Seen:
    """What was seen of a job so far."""

    app: str
    ended_at: float | None = None
    payload: bytes = b""


class Queues(RuleBasedStateMachine):
    """Drives a tenant, and asserts what must always hold."""

    @initialize(replies=st.lists(REPLIES, min_size=1, max_size=2), world=WORLDS)
    def begin(self, replies: list[dict[str, Any]], world: dict[str, Any]) -> None:
        exchanges = [
            exchange(reply, when={"input": {"n": number}}) for number, reply in enumerate(replies)
        ]
        self.world = world
        self.kinds = len(exchanges)
        self.controls = Controls(make_engine_in(*exchanges, **world), "id:secret")
        self.seen: dict[str, Seen] = {}
        self.gone: set[str] = set()
        self.asked = 0

    @property
    def tenant(self) -> Tenant:
        return self.controls.tenant

    def job(self, pick: int) -> tuple[str, Seen]:
        return list(self.seen.items())[pick % len(self.seen)]

    def read(self, pick: int, operation: Any) -> tuple[str, Seen, bool]:
        """Whether an operation on a job is served; one that is not must change nothing."""
        self.asked += 1
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
        """A 404 is for what was kept long enough, and for ever after; the door notes it."""
        assert id_ not in self.tenant.queue.jobs
        self.gone.add(id_)
        self.asked -= 1

    @rule(kind=st.integers(0, 9), app=st.sampled_from(APPS), wishes=WISHES)
    def submit(self, kind: int, app: str, wishes: PlatformOptions) -> None:
        self.asked += 1
        call = make_call(app, input_={"prompt": "hi", "n": kind % self.kinds}, wishes=wishes)
        before = set(self.tenant.queue.jobs)
        try:
            job = self.tenant.submit(call)
        except (ApiError, FaultAbort):
            assert set(self.tenant.queue.jobs) == before
            return
        assert job.id not in self.seen
        assert job.submit_snapshot().status in WORDS
        self.seen[job.id] = Seen(app)

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
        assert id_ not in self.gone
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
            self.asked += 1
            return
        self.asked += 1
        assert [it.status for it in shown if it.status == "COMPLETED"] in ([], ["COMPLETED"])

    @rule(seconds=st.sampled_from([0, 0.5, 1, 3, 20]))
    def advance(self, seconds: float) -> None:
        self.controls.advance(seconds)

    @precondition(lambda self: self.seen)
    @rule()
    def reset(self) -> None:
        self.controls.reset()
        assert self.controls.jobs() == []
        self.seen, self.gone, self.asked = {}, set(), 0

    def looked_at(self) -> list[Job]:
        now = self.tenant.clock.now()
        jobs = list(self.tenant.queue.jobs.values())
        for job in jobs:
            self.tenant.queue.advance_job(job, now)
        return jobs

    @invariant()
    def no_more_run_than_may(self) -> None:
        if not hasattr(self, "world"):
            return
        running = Counter(
            job.call.endpoint.app
            for job in self.looked_at()
            if job.state is State.RUNNING and not job.is_over
        )
        assert all(count <= limit_of(self.world, app) for app, count in running.items())
        if concurrency_of(self.world) < float("inf"):
            assert sum(running.values()) <= concurrency_of(self.world)

    @invariant()
    def nobody_waits_while_a_runner_is_free(self) -> None:
        if not hasattr(self, "world"):
            return
        jobs = self.looked_at()
        running = [it for it in jobs if it.state is State.RUNNING and not it.is_over]
        for app in APPS:
            places = sorted(
                it.snapshot(with_logs=False).queue_position or 0
                for it in jobs
                if it.is_waiting and it.call.endpoint.app == app
            )
            strangers = self.world.get("apps", {}).get(app, {}).get("queue_length", 0)
            assert places == [strangers + place for place in range(len(places))]
            busy = sum(it.call.endpoint.app == app for it in running)
            is_free = busy < limit_of(self.world, app)
            assert not (places and is_free and len(running) < concurrency_of(self.world))

    @invariant()
    def a_job_ends_once_and_stays_as_it_ended(self) -> None:
        if not hasattr(self, "world"):
            return
        now = self.tenant.clock.now()
        for job in self.looked_at():
            seen = self.seen[job.id]
            if seen.ended_at is not None:
                assert (job.ended_at, job.rendered.outcome.payload) == (seen.ended_at, seen.payload)
            elif job.ended_at is not None:
                assert job.created_at <= job.ended_at <= now
                seen.ended_at, seen.payload = job.ended_at, job.rendered.outcome.payload

    @invariant()
    def every_request_is_one_line_of_the_journal(self) -> None:
        if hasattr(self, "world"):
            assert len(self.tenant.journal) == self.asked


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
def test_how_often_somebody_looks_changes_nothing(
    reply: dict[str, Any],
    arrivals: list[tuple[int, str, bool, float]],
    runners: int,
    patience: int | None,
    step: float,
) -> None:
    ways: dict[str, Any] = {"runners": runners}
    if patience is not None:
        ways["request_timeout"] = patience
    ends = []
    for is_watched in (False, True):
        controls = Controls(make_engine_in(exchange(reply), apps={"*": ways}), "id:secret")
        tenant = controls.tenant
        for pause, app, is_low, deadline in arrivals:
            pass_time(controls, float(pause), step if is_watched else float(pause))
            tenant.submit(make_call(app, wishes=PlatformOptions(deadline, is_low)))
        pass_time(controls, 90.0, step if is_watched else 90.0)
        controls.jobs()
        ends.append([(job.ended_at, job.attempt) for job in tenant.queue.jobs.values()])
    assert ends[0] == ends[1]
    assert all(ended is not None for ended, _ in ends[0])


def pass_time(controls: Controls, seconds: float, step: float) -> None:
    """Let time pass, looking at all jobs after each step."""
    while seconds > 0:
        controls.advance(min(step, seconds))
        controls.jobs()
        seconds -= step
