"""What a test reads and asserts after its calls."""

from __future__ import annotations

from typing import Any

from fakefal.engine.controls import Controls, FileRecord, MessageRecord, RouteRecord
from fakefal.engine.reports.billing import BilledCalls, collect_billed_calls
from fakefal.engine.reports.timeline_report import TimelineReport
from fakefal.errors import FakefalError, hide_frame
from fakefal.server.thread import ThreadedServer
from fakefal.testing.inspect.calls import Calls, describe_criteria
from fakefal.testing.inspect.end_of_test import EndOfTestChecks
from fakefal.testing.inspect.jobs import JobRecord

__tracebackhide__ = hide_frame


class Inspection:
    """The properties and assertions of ``fakefal`` about what happened."""

    server: ThreadedServer
    controls: Controls
    _popped_misses: int

    @property
    def calls(self) -> Calls:
        """The calls received, oldest first; status polls are not calls."""
        return Calls(self.server.call(self.controls.calls), self._excerpt)

    @property
    def submits(self) -> Calls:
        """The calls through the queue."""
        return self.calls.where(via="queue")

    @property
    def polls(self) -> list[dict[str, Any]]:
        """The journal entries of status requests, successful or not."""
        return [entry for entry in self.journal if entry["kind"] in ("status", "stream")]

    @property
    def spend(self) -> BilledCalls:
        """The calls that fal would bill, with their units."""
        return self.server.call(lambda: collect_billed_calls(self.controls.tenant))

    @property
    def journal(self) -> list[dict[str, Any]]:
        """All journal entries, polls included; the last 6,000."""
        return self.server.call(self.controls.journal)

    @property
    def dropped(self) -> int:
        """How many of the oldest entries the full journal has dropped; ``calls`` lacks them too."""
        return self.server.call(self.controls.dropped)

    @property
    def jobs(self) -> list[JobRecord]:
        """The queue requests, each with its state."""
        jobs = self.server.call(self.controls.jobs)
        return [JobRecord(job, self._state_of) for job in jobs]

    @property
    def files(self) -> list[FileRecord]:
        """The stored files, oldest first: uploads, and files of outputs."""
        return self.server.call(self.controls.files)

    @property
    def messages(self) -> list[MessageRecord]:
        """The messages received on app WebSockets, oldest first."""
        return self.server.call(self.controls.messages)

    @property
    def requests(self) -> list[RouteRecord]:
        """The requests that routes answered, or that matched no route, oldest first."""
        return self.server.call(self.controls.requests)

    @property
    def misses(self) -> list[str]:
        """Calls that matched no exchange, each with the nearest exchanges and the differences."""
        return self.server.call(self.controls.misses)

    def pop_misses(self) -> list[str]:
        """Return the new misses since the last call; they no longer fail the test at its end."""
        miss_count = self.server.call(self.controls.miss_count)
        new_count, self._popped_misses = miss_count - self._popped_misses, miss_count
        return self.misses[-new_count:] if new_count else []

    def assert_called(
        self,
        endpoint: str | list[str] | None = None,
        /,
        *,
        times: int | None = None,
        **criteria: Any,
    ) -> Calls:
        """Return the matching calls; raise AssertionError unless there is one, or ``times``.

        Takes the criteria of ``on``: ``via``, ``input``, ``headers`` and input fields.
        """
        calls = self.calls
        matching_calls = calls.where(endpoint, **criteria)
        if len(matching_calls) == times if times is not None else matching_calls:
            return matching_calls
        expected = "at least one call" if times is None else _format_count(times, "call")
        nearest = calls.nearest(endpoint, criteria) if len(matching_calls) < (times or 1) else ""
        description = describe_criteria(endpoint, criteria)
        raise AssertionError(
            f"expected {expected}{description}, got {len(matching_calls)}{nearest}\n"
            f"{calls.format_list()}\n{self._excerpt()}"
        )

    def assert_not_called(
        self, endpoint: str | list[str] | None = None, /, **criteria: Any
    ) -> None:
        """Raise AssertionError if a call matches; takes the criteria of ``on``."""
        self.assert_called(endpoint, times=0, **criteria)

    def assert_cancelled(self, job: Any = None) -> None:
        """Raise AssertionError unless a cancel request was accepted.

        ``job`` is a request id, a handle of ``fal_client``, or one of ``jobs``; None is any.
        """
        request_id = job if isinstance(job, str) else getattr(job, "request_id", None)
        if job is not None and request_id is None:
            raise FakefalError(f"{job!r} has no request_id — pass an id, a handle, or a job")
        cancels = [entry for entry in self.journal if entry["kind"] == "cancel"]
        matching_cancels = [entry for entry in cancels if request_id in (None, entry["request_id"])]
        if any(entry["status"] in (200, 202) for entry in matching_cancels):
            return
        subject = "a request" if request_id is None else request_id
        reason = "no cancel request was received"
        if matching_cancels:
            reason = f"the cancel was answered {matching_cancels[-1]['status']}"
        elif cancels:
            others = ", ".join(dict.fromkeys(entry["request_id"] for entry in cancels))
            reason = f"only other requests were cancelled: {others}"
        states = "".join(
            f"\n  {record.request_id} {record.endpoint}: {record.state}"
            for record in self.jobs
            if request_id in (None, record.request_id)
        )
        raise AssertionError(
            f"expected {subject} to be cancelled, but {reason}{states}\n{self._excerpt()}"
        )

    def assert_no_misses(self) -> None:
        """Raise UnmatchedCalls if a call matched no exchange, except for popped misses."""
        if self.server.call(self.controls.miss_count) > self._popped_misses:
            self.server.call(self.controls.assert_no_misses)

    def assert_all_used(self) -> None:
        """Raise AssertionError if an exchange, or one of its replies, was never used."""
        unused = self.end_of_test.unused()
        if unused:
            listing = "\n".join(f"  {line}" for line in unused)
            raise AssertionError(f"not all exchanges were used:\n{listing}\n{self._excerpt()}")

    @property
    def end_of_test(self) -> EndOfTestChecks:
        """The checks that run when the test ends."""
        raise NotImplementedError

    @property
    def timeline(self) -> TimelineReport:
        """The journal as readable text: ``print(fakefal.timeline)``."""
        return self.server.call(lambda: TimelineReport.from_tenant(self.controls.tenant))

    def _excerpt(self) -> str:
        return self.timeline.excerpt()

    def _state_of(self, request_id: str) -> str:
        states = {job["request_id"]: job["state"] for job in self.server.call(self.controls.jobs)}
        return str(states.get(request_id, "expired"))


def _format_count(count: int, noun: str) -> str:
    return f"{count} {noun if count == 1 else noun + 's'}"
