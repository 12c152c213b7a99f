"""What a test asks afterwards, with failures that say what was expected, what came, and why."""

from __future__ import annotations

from typing import Any

from fakefal.engine.controls import Controls, FileRecord, MessageRecord
from fakefal.errors import FakefalError
from fakefal.server.thread import ThreadedFakeFal
from fakefal.testing.inspect.billing import Paid, paid_by
from fakefal.testing.inspect.calls import Calls, told_of
from fakefal.testing.inspect.end_of_test import Leftovers
from fakefal.testing.inspect.jobs import JobRecord
from fakefal.testing.inspect.timeline_report import Story


class Asking:
    """The part of ``fakefal`` that tells what happened."""

    server: ThreadedFakeFal
    controls: Controls
    _taken: int

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
    def paid(self) -> Paid:
        """The calls that would have been billed, and how many units they come to."""
        return self.server.call(lambda: paid_by(self.controls.tenant))

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
        found = self.server.call(self.controls.jobs)
        return [JobRecord(job, self._state_of) for job in found]

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

    def take_misses(self) -> list[str]:
        """The misses since the last time; those taken do not fail the test at its end."""
        missed = self.server.call(self.controls.missed)
        fresh, self._taken = missed - self._taken, missed
        return self.misses[-fresh:] if fresh else []

    # Assertions

    def assert_called(
        self, endpoint: str | list[str] | None = None, /, *, times: int | None = None, **wanted: Any
    ) -> Calls:
        """Raise AssertionError unless such calls came: at least one, or exactly ``times``.

        ``via``, ``input``, ``headers`` and input fields are as ``on`` takes them. Gives the calls.
        """
        calls = self.calls
        found = calls.where(endpoint, **wanted)
        if len(found) == times if times is not None else found:
            return found
        number = "at least one call" if times is None else _counted(times, "call")
        nearest = calls.nearest(endpoint, wanted) if len(found) < (times or 1) else ""
        asked = told_of(endpoint, wanted)
        raise AssertionError(
            f"expected {number}{asked}, got {len(found)}{nearest}\n{calls.listed()}"
            f"\n{self._excerpt()}"
        )

    def assert_not_called(self, endpoint: str | list[str] | None = None, /, **wanted: Any) -> None:
        """Raise AssertionError if such a call came."""
        self.assert_called(endpoint, times=0, **wanted)

    def assert_cancelled(self, job: Any = None) -> None:
        """Raise AssertionError unless a cancel of a request was accepted.

        ``job`` is its id, a handle of ``fal_client``, or one of ``jobs``; None is any request.
        """
        wanted = job if isinstance(job, str) else getattr(job, "request_id", None)
        if job is not None and wanted is None:
            raise FakefalError(f"{job!r} has no request_id — pass an id, a handle, or a job")
        asked = [it for it in self.journal if it["kind"] == "cancel"]
        meant = [it for it in asked if wanted in (None, it["request_id"])]
        if any(it["status"] in (200, 202) for it in meant):
            return
        who = "a request" if wanted is None else wanted
        told = "nobody asked for that"
        if meant:
            told = f"the cancel was answered {meant[-1]['status']}"
        elif asked:
            others = ", ".join(dict.fromkeys(it["request_id"] for it in asked))
            told = f"only others were cancelled: {others}"
        states = "".join(
            f"\n  {it.request_id} {it.endpoint}: {it.state}"
            for it in self.jobs
            if wanted in (None, it.request_id)
        )
        raise AssertionError(
            f"expected {who} to be cancelled, but {told}{states}\n{self._excerpt()}"
        )

    def assert_no_misses(self) -> None:
        """Raise MissesFound if a call met no exchange, taken misses aside."""
        if self.server.call(self.controls.missed) > self._taken:
            self.server.call(self.controls.assert_no_misses)

    def assert_all_used(self) -> None:
        """Raise AssertionError if an exchange, or one of its replies, was never given."""
        unused = self.leftovers.unused()
        if unused:
            told = "\n".join(f"  {line}" for line in unused)
            raise AssertionError(f"not all exchanges were used:\n{told}\n{self._excerpt()}")

    @property
    def leftovers(self) -> Leftovers:
        """What is left undone, as it is checked when the test ends."""
        raise NotImplementedError

    @property
    def story(self) -> Story:
        """What happened, for people: ``print(fakefal.story)``."""
        return self.server.call(lambda: Story.of(self.controls.tenant))

    def _excerpt(self) -> str:
        return self.story.excerpt()

    def _state_of(self, request_id: str) -> str:
        found = {job["request_id"]: job["state"] for job in self.server.call(self.controls.jobs)}
        return str(found.get(request_id, "forgotten"))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun if count == 1 else noun + 's'}"
