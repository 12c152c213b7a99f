"""Random histories: a tenant agrees with a simple model, and equal histories give equal results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fakefal.engine.controls import Controls
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.queue import Snapshot
from tests.building import ANY_LLM, exchange, make_call, make_engine


@dataclass(frozen=True)
class ModelStep:
    """One step of a timeline in the model."""

    state: str
    polls: int
    seconds: int
    position: int | None
    logs: int
    forever: bool

    @property
    def as_yaml(self) -> dict[str, Any]:
        detail: dict[str, Any] = (
            {"forever": True} if self.forever else {"polls": self.polls, "for": self.seconds}
        )
        detail["logs"] = [f"log {number}" for number in range(self.logs)]
        if self.position is not None:
            detail["position"] = self.position
        return {self.state: detail}


def step_strategy(forever: bool) -> st.SearchStrategy[ModelStep]:
    parts = {
        "polls": st.integers(0, 2),
        "seconds": st.integers(0, 3),
        "logs": st.integers(0, 2),
        "forever": st.just(forever),
    }
    queued = st.builds(ModelStep, state=st.just("IN_QUEUE"), position=st.integers(0, 5), **parts)
    return queued | st.builds(ModelStep, state=st.just("IN_PROGRESS"), position=st.none(), **parts)


timelines = st.builds(
    lambda steps, last: [*steps, *last],
    st.lists(step_strategy(forever=False), max_size=4),
    st.just([]) | st.lists(step_strategy(forever=True), max_size=1),
)


@dataclass
class JobModel:
    """A job in the simplest possible form."""

    id: str
    steps: list[ModelStep]
    entered_at: float
    ignores_polls: bool
    step: int = 0
    polls_in_step: int = 0
    polled_at: float | None = None
    early_results: int = 0
    cancelled: bool = False
    seen: list[str] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.cancelled or self.step == len(self.steps)

    @property
    def status_word(self) -> str:
        return "COMPLETED" if self.is_over else self.steps[self.step].state

    @property
    def logs(self) -> int:
        return sum(line.logs for line in self.steps[: self.step + 1])

    def pass_time(self, now: float) -> None:
        while not self.is_over and not self.steps[self.step].forever:
            line = self.steps[self.step]
            polled_at = self.polled_at
            if polled_at is None and (self.ignores_polls or line.polls == 0):
                polled_at = self.entered_at
            if polled_at is None or max(polled_at, self.entered_at + line.seconds) > now:
                return
            self.entered_at = max(polled_at, self.entered_at + line.seconds)
            self.step, self.polls_in_step, self.polled_at = self.step + 1, 0, None

    def poll(self, now: float) -> None:
        self.early_results = 0
        self.pass_time(now)
        if not self.is_over:
            self.polls_in_step += 1
            if self.polls_in_step == self.steps[self.step].polls:
                self.polled_at = now
            self.pass_time(now)

    def count_early_result(self, now: float) -> None:
        count = self.early_results + 1
        if count > 1:
            self.poll(now)
        self.early_results = count


class DrivenTenant:
    """A tenant with an exchange for each timeline; records the result of every action."""

    def __init__(self, timelines: list[list[ModelStep]]) -> None:
        exchanges = [
            exchange(
                {"text": "x", "timeline": [line.as_yaml for line in timeline]},
                when={"input": {"line": number}},
            )
            for number, timeline in enumerate(timelines)
        ]
        self.controls = Controls(make_engine(exchanges, seed=5), "id:secret")
        self.results: list[Any] = []

    def do(self, action: str, *arguments: Any) -> Any:
        try:
            results = getattr(self, f"_{action}")(*arguments)
        except ApiError as error:
            results = error.status
        self.results.append(results)
        return results

    def _submit(self, line: int, webhook: bool) -> tuple[str, Snapshot]:
        call = make_call(
            input_={"prompt": "hi", "line": line}, webhook="http://x" if webhook else None
        )
        job = self.controls.tenant.submit(call)
        return job.id, job.submit_snapshot()

    def _status(self, id_: str) -> Snapshot:
        return self.controls.tenant.status(ANY_LLM, id_, with_logs=True)

    def _result(self, id_: str) -> int | None:
        job = self.controls.tenant.result(ANY_LLM, id_)
        return None if job is None else job.rendered.outcome.status

    def _cancel(self, id_: str) -> bool:
        return self.controls.tenant.cancel(ANY_LLM, id_)

    def _watch(self, id_: str) -> list[Snapshot]:
        return list(
            self.controls.tenant.stream_status(ANY_LLM, id_, with_logs=True).new_snapshots()
        )

    def _advance(self, seconds: int) -> Any:
        return self.controls.advance(seconds)

    def _reset(self) -> list[dict[str, Any]]:
        journal = self.controls.journal()
        self.controls.reset()
        return journal


class Histories(RuleBasedStateMachine):
    """Applies the same actions to a tenant and to the model."""

    @initialize(timelines=st.lists(timelines, min_size=1, max_size=3))
    def begin(self, timelines: list[list[ModelStep]]) -> None:
        self.timelines = timelines
        self.driven = DrivenTenant(timelines)
        self.actions: list[tuple[Any, ...]] = []
        self.jobs: list[JobModel] = []

    def do(self, action: str, *arguments: Any) -> Any:
        self.actions.append((action, *arguments))
        return self.driven.do(action, *arguments)

    @property
    def now(self) -> float:
        return self.driven.controls.tenant.clock.now()

    def job(self, pick: int) -> JobModel:
        return self.jobs[pick % len(self.jobs)]

    @rule(line=st.integers(0, 9), webhook=st.booleans())
    def submit(self, line: int, webhook: bool) -> None:
        number = line % len(self.timelines)
        id_, snapshot = self.do("submit", number, webhook)
        timeline = self.timelines[number]
        assert snapshot.status == (timeline[0].state if timeline else "IN_PROGRESS")
        assert id_ not in {job.id for job in self.jobs}
        model = JobModel(id_, timeline, self.now, webhook)
        model.pass_time(self.now)
        self.jobs.append(model)

    @precondition(lambda self: self.jobs)
    @rule(pick=st.integers(0, 99))
    def status(self, pick: int) -> None:
        model = self.job(pick)
        model.pass_time(self.now)
        snapshot = self.do("status", model.id)
        assert snapshot.status == model.status_word
        line = None if model.is_over else model.steps[model.step]
        assert snapshot.queue_position == (None if line is None else line.position)
        assert len(snapshot.logs) == model.logs
        assert (snapshot.error == "Request was cancelled") == model.cancelled
        assert "COMPLETED" not in model.seen or snapshot.status == "COMPLETED"
        model.seen.append(snapshot.status)
        model.poll(self.now)

    @precondition(lambda self: self.jobs)
    @rule(pick=st.integers(0, 99))
    def result(self, pick: int) -> None:
        model = self.job(pick)
        model.pass_time(self.now)
        expected = (499 if model.cancelled else 200) if model.is_over else None
        assert self.do("result", model.id) == expected
        if not model.is_over:
            model.count_early_result(self.now)

    @precondition(lambda self: self.jobs)
    @rule(pick=st.integers(0, 99))
    def cancel(self, pick: int) -> None:
        model = self.job(pick)
        model.pass_time(self.now)
        accepted = self.do("cancel", model.id)
        assert accepted == (model.cancelled or not model.is_over)
        if model.status_word == "IN_QUEUE":
            model.cancelled = True

    @precondition(lambda self: self.jobs)
    @rule(pick=st.integers(0, 99))
    def watch(self, pick: int) -> None:
        model = self.job(pick)
        model.pass_time(self.now)
        before = model.step
        if not model.is_over and not model.ignores_polls and model.steps[model.step].polls > 0:
            model.polled_at = model.polled_at or self.now  # a missing poll counts as polls_in_step
        model.ignores_polls = True
        model.pass_time(self.now)
        results = self.do("watch", model.id)
        steps = [line.state for line in model.steps[before : model.step + 1]]
        expected = [*steps, "COMPLETED"] if model.is_over else steps
        assert [snapshot.status for snapshot in results] == (
            ["COMPLETED"] if model.cancelled else expected
        )
        assert sum(len(snapshot.logs) for snapshot in results) == model.logs

    @rule(seconds=st.integers(0, 4))
    def advance(self, seconds: int) -> None:
        self.do("advance", seconds)

    @precondition(lambda self: self.jobs)
    @rule()
    def reset(self) -> None:
        self.do("reset")
        for model in self.jobs:
            assert self.do("status", model.id) == 404
        self.jobs = []

    @invariant()
    def the_jobs_kept_are_where_the_model_has_them(self) -> None:
        if not hasattr(self, "driven"):
            return
        jobs = {job["request_id"]: job for job in self.driven.controls.jobs()}
        assert list(jobs) == [job.id for job in self.jobs]
        for model in self.jobs:
            model.pass_time(self.now)
            assert (jobs[model.id]["ended_at"] is not None) == model.is_over
            assert (jobs[model.id]["state"] == "cancelled") == model.cancelled

    def teardown(self) -> None:
        """Repeat the actions: ids, snapshots, logs and journal are the same."""
        if not hasattr(self, "driven"):
            return
        second = DrivenTenant(self.timelines)
        for action in self.actions:
            second.do(*action)
        assert second.results == self.driven.results
        assert second.controls.journal() == self.driven.controls.journal()


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
