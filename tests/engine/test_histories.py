"""Random histories: the tenant agrees with a plain model, and the same history gives the same."""

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
class Line:
    """One step of a timeline, as the model has it."""

    state: str
    polls: int
    seconds: int
    position: int | None
    logs: int
    forever: bool

    @property
    def written(self) -> dict[str, Any]:
        detail: dict[str, Any] = (
            {"forever": True} if self.forever else {"polls": self.polls, "for": self.seconds}
        )
        detail["logs"] = [f"log {number}" for number in range(self.logs)]
        if self.position is not None:
            detail["position"] = self.position
        return {self.state: detail}


def lines(forever: bool) -> st.SearchStrategy[Line]:
    parts = {
        "polls": st.integers(0, 2),
        "seconds": st.integers(0, 3),
        "logs": st.integers(0, 2),
        "forever": st.just(forever),
    }
    queued = st.builds(Line, state=st.just("IN_QUEUE"), position=st.integers(0, 5), **parts)
    return queued | st.builds(Line, state=st.just("IN_PROGRESS"), position=st.none(), **parts)


timelines = st.builds(
    lambda steps, last: [*steps, *last],
    st.lists(lines(forever=False), max_size=4),
    st.just([]) | st.lists(lines(forever=True), max_size=1),
)


@dataclass
class Model:
    """What a job does, told as plainly as can be."""

    id: str
    lines: list[Line]
    entered: float
    waived: bool
    step: int = 0
    answered: int = 0
    satisfied: float | None = None
    asked_early: int = 0
    cancelled: bool = False
    seen: list[str] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.cancelled or self.step == len(self.lines)

    @property
    def word(self) -> str:
        return "COMPLETED" if self.is_over else self.lines[self.step].state

    @property
    def logs(self) -> int:
        return sum(line.logs for line in self.lines[: self.step + 1])

    def pass_time(self, now: float) -> None:
        while not self.is_over and not self.lines[self.step].forever:
            line = self.lines[self.step]
            satisfied = self.satisfied
            if satisfied is None and (self.waived or line.polls == 0):
                satisfied = self.entered
            if satisfied is None or max(satisfied, self.entered + line.seconds) > now:
                return
            self.entered = max(satisfied, self.entered + line.seconds)
            self.step, self.answered, self.satisfied = self.step + 1, 0, None

    def poll(self, now: float) -> None:
        self.asked_early = 0
        self.pass_time(now)
        if not self.is_over:
            self.answered += 1
            if self.answered == self.lines[self.step].polls:
                self.satisfied = now
            self.pass_time(now)

    def ask_early(self, now: float) -> None:
        asked = self.asked_early + 1
        if asked > 1:
            self.poll(now)
        self.asked_early = asked


class World:
    """A tenant with an exchange for each timeline; every deed gives what it showed."""

    def __init__(self, timelines: list[list[Line]]) -> None:
        exchanges = [
            exchange(
                {"text": "x", "timeline": [line.written for line in timeline]},
                when={"input": {"line": number}},
            )
            for number, timeline in enumerate(timelines)
        ]
        self.controls = Controls(make_engine(exchanges, seed=5), "id:secret")
        self.shown: list[Any] = []

    def do(self, deed: str, *given: Any) -> Any:
        try:
            shown = getattr(self, f"_{deed}")(*given)
        except ApiError as error:
            shown = error.status
        self.shown.append(shown)
        return shown

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
    """Drives a world and the model side by side."""

    @initialize(timelines=st.lists(timelines, min_size=1, max_size=3))
    def begin(self, timelines: list[list[Line]]) -> None:
        self.timelines = timelines
        self.world = World(timelines)
        self.deeds: list[tuple[Any, ...]] = []
        self.jobs: list[Model] = []

    def do(self, deed: str, *given: Any) -> Any:
        self.deeds.append((deed, *given))
        return self.world.do(deed, *given)

    @property
    def now(self) -> float:
        return self.world.controls.tenant.clock.now()

    def job(self, pick: int) -> Model:
        return self.jobs[pick % len(self.jobs)]

    @rule(line=st.integers(0, 9), webhook=st.booleans())
    def submit(self, line: int, webhook: bool) -> None:
        number = line % len(self.timelines)
        id_, snapshot = self.do("submit", number, webhook)
        timeline = self.timelines[number]
        assert snapshot.status == (timeline[0].state if timeline else "IN_PROGRESS")
        assert id_ not in {job.id for job in self.jobs}
        model = Model(id_, timeline, self.now, webhook)
        model.pass_time(self.now)
        self.jobs.append(model)

    @precondition(lambda self: self.jobs)
    @rule(pick=st.integers(0, 99))
    def status(self, pick: int) -> None:
        model = self.job(pick)
        model.pass_time(self.now)
        snapshot = self.do("status", model.id)
        assert snapshot.status == model.word
        line = None if model.is_over else model.lines[model.step]
        assert snapshot.position == (None if line is None else line.position)
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
            model.ask_early(self.now)

    @precondition(lambda self: self.jobs)
    @rule(pick=st.integers(0, 99))
    def cancel(self, pick: int) -> None:
        model = self.job(pick)
        model.pass_time(self.now)
        accepted = self.do("cancel", model.id)
        assert accepted == (model.cancelled or not model.is_over)
        if model.word == "IN_QUEUE":
            model.cancelled = True

    @precondition(lambda self: self.jobs)
    @rule(pick=st.integers(0, 99))
    def watch(self, pick: int) -> None:
        model = self.job(pick)
        model.pass_time(self.now)
        before = model.step
        if not model.is_over and not model.waived and model.lines[model.step].polls > 0:
            model.satisfied = model.satisfied or self.now  # a missing poll counts as answered
        model.waived = True
        model.pass_time(self.now)
        shown = self.do("watch", model.id)
        steps = [line.state for line in model.lines[before : model.step + 1]]
        expected = [*steps, "COMPLETED"] if model.is_over else steps
        assert [snapshot.status for snapshot in shown] == (
            ["COMPLETED"] if model.cancelled else expected
        )
        assert sum(len(snapshot.logs) for snapshot in shown) == model.logs

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
        if not hasattr(self, "world"):
            return
        kept = {job["request_id"]: job for job in self.world.controls.jobs()}
        assert list(kept) == [job.id for job in self.jobs]
        for model in self.jobs:
            model.pass_time(self.now)
            assert (kept[model.id]["ended_at"] is not None) == model.is_over
            assert (kept[model.id]["state"] == "cancelled") == model.cancelled

    def teardown(self) -> None:
        """The same deeds once more give the same ids, snapshots, logs and journal."""
        if not hasattr(self, "world"):
            return
        again = World(self.timelines)
        for deed in self.deeds:
            again.do(*deed)
        assert again.shown == self.world.shown
        assert again.controls.journal() == self.world.controls.journal()


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
