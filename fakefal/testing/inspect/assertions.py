"""What a test asks afterwards, with failures that say what was expected, what came, and why."""

from __future__ import annotations

from typing import Any

from fakefal.engine.controls import Controls, FileRecord, MessageRecord
from fakefal.errors import FakefalError
from fakefal.server.thread import ThreadedServer
from fakefal.testing.inspect.billing import BilledCalls, collect_billed_calls
from fakefal.testing.inspect.calls import Calls, describe_criteria
from fakefal.testing.inspect.end_of_test import EndOfTestChecks
from fakefal.testing.inspect.jobs import JobRecord
from fakefal.testing.inspect.timeline_report import TimelineReport


class Inspection:
    """The part of ``fakefal`` that tells what happened."""

    server: ThreadedServer
    controls: Controls
    _popped_misses: int

    @property
    def calls(self) -> Calls:
        """The calls that came, oldest first; status polls are not calls."""
        return Calls(self.server.call(self.controls.calls), self._excerpt)

    @property
    def submits(self) -> Calls:
        """Those that came through the queue."""
        return self.calls.where(via="queue")

    @property
    def polls(self) -> list[dict[str, Any]]:
        """The status requests, answered or refused: entries of the journal."""
        return [entry for entry in self.journal if entry["kind"] in ("status", "stream")]

    @property
    def spend(self) -> BilledCalls:
        """The calls that would have been billed, and how many units they come to."""
        return self.server.call(lambda: collect_billed_calls(self.controls.tenant))

    @property
    def journal(self) -> list[dict[str, Any]]:
        """All that happened, polls included."""
        return self.server.call(self.controls.journal)

    @property
    def dropped(self) -> int:
        """How many of its oldest entries the journal, being full, has let go; ``calls`` too."""
        return self.server.call(self.controls.dropped)

    @property
    def jobs(self) -> list[JobRecord]:
        """The queue requests and where they are."""
        jobs = self.server.call(self.controls.jobs)
        return [JobRecord(job, self._state_of) for job in jobs]

    @property
    def files(self) -> list[FileRecord]:
        """The files kept, oldest first: what was uploaded, and what outputs hold."""
        return self.server.call(self.controls.files)

    @property
    def messages(self) -> list[MessageRecord]:
        """The messages that came on sockets of apps' own, oldest first."""
        return self.server.call(self.controls.messages)

    @property
    def misses(self) -> list[str]:
        """Calls that met no exchange, each with the nearest and why they did not match."""
        return self.server.call(self.controls.misses)

    def pop_misses(self) -> list[str]:
        """The misses since the last time; those taken do not fail the test at its end."""
        miss_count = self.server.call(self.controls.miss_count)
        new_count, self._popped_misses = miss_count - self._popped_misses, miss_count
        return self.misses[-new_count:] if new_count else []

    # Assertions

    def assert_called(
        self,
        endpoint: str | list[str] | None = None,
        /,
        *,
        times: int | None = None,
        **criteria: Any,
    ) -> Calls:
        """Raise AssertionError unless such calls came: at least one, or exactly ``times``.

        ``via``, ``input``, ``headers`` and input fields are as ``on`` takes them. Gives the calls.
        """
        calls = self.calls
        matching_calls = calls.where(endpoint, **criteria)
        if len(matching_calls) == times if times is not None else matching_calls:
            return matching_calls
        expected = "at least one call" if times is None else _format_count(times, "call")
        nearest = calls.nearest(endpoint, criteria) if len(matching_calls) < (times or 1) else ""
        description = describe_criteria(endpoint, criteria)
        raise AssertionError(
            f"expected {expected}{description}, got {len(matching_calls)}{nearest}\n{calls.format_list()}"
            f"\n{self._excerpt()}"
        )

    def assert_not_called(
        self, endpoint: str | list[str] | None = None, /, **criteria: Any
    ) -> None:
        """Raise AssertionError if such a call came."""
        self.assert_called(endpoint, times=0, **criteria)

    def assert_cancelled(self, job: Any = None) -> None:
        """Raise AssertionError unless a cancel of a request was accepted.

        ``job`` is its id, a handle of ``fal_client``, or one of ``jobs``; None is any request.
        """
        request_id = job if isinstance(job, str) else getattr(job, "request_id", None)
        if job is not None and request_id is None:
            raise FakefalError(f"{job!r} has no request_id — pass an id, a handle, or a job")
        cancels = [entry for entry in self.journal if entry["kind"] == "cancel"]
        matching_cancels = [entry for entry in cancels if request_id in (None, entry["request_id"])]
        if any(entry["status"] in (200, 202) for entry in matching_cancels):
            return
        subject = "a request" if request_id is None else request_id
        reason = "nobody asked for that"
        if matching_cancels:
            reason = f"the cancel was answered {matching_cancels[-1]['status']}"
        elif cancels:
            others = ", ".join(dict.fromkeys(entry["request_id"] for entry in cancels))
            reason = f"only others were cancelled: {others}"
        states = "".join(
            f"\n  {record.request_id} {record.endpoint}: {record.state}"
            for record in self.jobs
            if request_id in (None, record.request_id)
        )
        raise AssertionError(
            f"expected {subject} to be cancelled, but {reason}{states}\n{self._excerpt()}"
        )

    def assert_no_misses(self) -> None:
        """Raise MissesFound if a call met no exchange, taken misses aside."""
        if self.server.call(self.controls.miss_count) > self._popped_misses:
            self.server.call(self.controls.assert_no_misses)

    def assert_all_used(self) -> None:
        """Raise AssertionError if an exchange, or one of its replies, was never given."""
        unused = self.end_of_test.unused()
        if unused:
            listing = "\n".join(f"  {line}" for line in unused)
            raise AssertionError(f"not all exchanges were used:\n{listing}\n{self._excerpt()}")

    @property
    def end_of_test(self) -> EndOfTestChecks:
        """What is left undone, as it is checked when the test ends."""
        raise NotImplementedError

    @property
    def timeline(self) -> TimelineReport:
        """What happened, for people: ``print(fakefal.story)``."""
        return self.server.call(lambda: TimelineReport.from_tenant(self.controls.tenant))

    def _excerpt(self) -> str:
        return self.timeline.excerpt()

    def _state_of(self, request_id: str) -> str:
        states = {job["request_id"]: job["state"] for job in self.server.call(self.controls.jobs)}
        return str(states.get(request_id, "forgotten"))


def _format_count(count: int, noun: str) -> str:
    return f"{count} {noun if count == 1 else noun + 's'}"
