"""A recorded queue request as a reply: timeline, outcome, faults, webhook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import decode, encode
from fakefal.protocol.queue import SUCCESS
from fakefal.recorder.capture.captures import Capture, Heard, whole
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.faults import always, fault_of, in_turn
from fakefal.recorder.distil.outcomes import Unusable, failing, success, told_headers
from fakefal.recorder.distil.request_groups import Job, is_early
from fakefal.recorder.distil.timelines import MOST_POLLS, Sight, sights_of, status_of, steps_of
from fakefal.recorder.distil.timing import written

Fields = dict[str, Any]

_WEBHOOK_SLACK_SECONDS = 0.25
"""A webhook that came no later after the end was sent at once."""


class Queued:
    """Makes the reply of one queue request. ``given`` is its input."""

    def __init__(self, job: Job, given: Json, files: Mapping[str, str], redactor: Redactor) -> None:
        self._job = job
        self._given = given
        self._files = files
        self._redactor = redactor
        self.notes: list[str] = []
        submit = job.submit
        self._began = job.at if submit is None else submit.ended
        self._sights = sights_of(job.statuses, job.streams, self._began)
        self._submitted = _submitted(submit)
        self._cancelled_at = _cancelled_at(job, self._began)

    def reply(self) -> Fields:
        """The reply, as a file holds it; raises Unusable where there is nothing to tell."""
        fields: Fields = {}
        faults: dict[str, list[Json]] = {}
        ended = self._outcome(fields, faults)
        fields["timeline"] = self._timeline(ended)
        if not ended and not self._was_cancelled:
            self.notes.append(
                f"{self._job.endpoint.app}/requests/{self._job.id}: its result, as nobody asked"
            )
        if self._was_cancelled and "IN_PROGRESS" in fields["timeline"][-1]:
            fields["cancel"] = "honoured"
        seconds = self._inference_seconds()
        if seconds is not None:
            fields["inference_time"] = written(seconds)
        self._poll_faults(faults)
        if faults:
            fields["faults"] = faults
        self._webhook(fields)
        fields["request_id"] = self._job.id
        return fields

    @property
    def tells_error(self) -> bool | None:
        """Whether the status told of a model's own failure; None where there was none to tell."""
        over = [it for it in self._sights if it.state == "COMPLETED"]
        result = self._final()
        if not over or result is None or result.status < 400:
            return None
        if "error_type" in over[-1].body:
            return None
        return "error" in over[-1].body

    @property
    def options(self) -> Fields:
        """What upstream made of a cancel, where fakefal would do otherwise by itself."""
        found: Fields = {}
        final = self._final()
        if self._was_cancelled and final is not None and final.status == 404:
            found["reads_after_cancel"] = "not-found"
        bodies = [it.heard.body for it in self._job.cancels if it.heard.status == 200]
        if bodies and decode(bodies[0]) == SUCCESS:
            found["cancel_answer"] = "success"
        return found

    # How it ended

    def _outcome(self, fields: Fields, faults: dict[str, list[Json]]) -> bool:
        """Fill in the outcome; False for a request whose end was not seen."""
        final = self._final()
        if final is None:
            return False
        if final.status < 400:
            fields |= success(final, self._job.endpoint, self._given, "queue", self._files)
            fields |= told_headers(final)
        elif self._is_text(final):
            faults["result"] = [always(fault_of(final, self._job.endpoint))]
        elif self._was_cancelled:
            return True  # a cancel of the replay ends it in the same way
        else:
            fields |= self._failure(final)
            fields |= {k: v for k, v in told_headers(final).items() if k == "billable_units"}
        return True

    def _failure(self, final: Heard) -> Fields:
        return {"fail": failing(final, self._job.endpoint, "result")}

    def _final(self) -> Heard | None:
        """The last answer that told how it ended: its result, or its webhook."""
        results = [it.heard for it in self._job.results if not is_early(it.heard)]
        results = [heard for heard in results if heard.status and not heard.cut]
        if results:
            return results[-1]
        return next(filter(None, (_of_webhook(it) for it in self._job.webhooks)), None)

    def _is_text(self, heard: Heard) -> bool:
        try:
            heard.json()
        except ValueError:
            return True
        return False

    # On the way

    @property
    def _was_cancelled(self) -> bool:
        """Whether a cancel, and nothing else, ended it."""
        final = self._final()
        return self._cancelled_at is not None and (final is None or final.status in (404, 499))

    def _timeline(self, ended: bool) -> list[Json]:
        sights = self._sights
        if self._was_cancelled:
            assert self._cancelled_at is not None
            sights = [it for it in sights if it.at < self._cancelled_at and it.state != "COMPLETED"]
            return self._steps(sights)
        if not sights and ended:
            return self._unwatched()
        if sights and ended and sights[-1].state != "COMPLETED":
            sights = [*sights, Sight(max(self._ended_at(), sights[-1].at), "COMPLETED")]
        return self._steps(sights)

    def _steps(self, sights: list[Sight]) -> list[Json]:
        return [*steps_of(self._submitted, sights, self._redactor)]

    def _unwatched(self) -> list[Json]:
        """The timeline of a request whose status nobody asked for.

        Who asks for the result again and again is told so often that it is too early: from the
        second time on that counts as a poll.
        """
        early = [it for it in self._job.results if is_early(it.heard)]
        first = self._steps([Sight(0.0, "COMPLETED")])
        if early:
            detail: Fields = {}
            if 1 < len(early) <= MOST_POLLS + 1:
                detail["polls"] = len(early) - 1
            last = early[-1].ended - self._began
            detail["for"] = written((last + self._ended_at()) / 2)
            return [*first, {"IN_PROGRESS": detail}]
        if self._job.webhooks:
            return [*first, {"IN_PROGRESS": {"for": written(self._ended_at())}}]
        return first

    def _ended_at(self) -> float:
        """When it was known to be over, in seconds after its submit."""
        results = [it for it in self._job.results if not is_early(it.heard)]
        known = [*results[:1], *self._job.webhooks[:1]]
        return max(0.0, min(it.at for it in known) - self._began) if known else 0.0

    def _inference_seconds(self) -> float | None:
        for sight in reversed(self._sights):
            metrics = sight.body.get("metrics")
            seconds = metrics.get("inference_time") if isinstance(metrics, dict) else None
            if isinstance(seconds, (int, float)) and 0 <= seconds < 1e6:
                return float(seconds)
        return None

    def _poll_faults(self, faults: dict[str, list[Json]]) -> None:
        job = self._job
        good = {"status": (200, 202), "status_stream": (200,), "cancel": (200, 202, 400)}
        all_of = {"status": job.statuses, "status_stream": job.streams, "cancel": job.cancels}
        for operation, captures in all_of.items():
            codes = good[operation]
            bad = [it for it in captures if it.heard.status not in codes or it.heard.cut]
            if bad and not self._was_cancelled:
                faults[operation] = in_turn(captures, bad, job.endpoint)
        final = self._final()
        asked = [it for it in job.results if not is_early(it.heard)]
        odd = [
            it for it in asked if final is None or it.heard.status != final.status or it.heard.cut
        ]
        if odd and "result" not in faults:
            faults["result"] = in_turn(asked, odd, job.endpoint)

    # The webhook

    def _webhook(self, fields: Fields) -> None:
        came = self._job.webhooks
        if not came:
            return
        distinct = [it for it in came if it.asked.body == came[0].asked.body]
        said: Fields = {}
        over_at = sum(_seconds(detail) for step in fields["timeline"] for detail in step.values())
        late = came[0].at - self._began - over_at
        if late > _WEBHOOK_SLACK_SECONDS:
            said["after"] = written(late)
        answered = [it for it in distinct if 200 <= it.heard.status < 300]
        if len(answered) > 1:
            said["duplicates"] = len(answered) - 1
            said["every"] = written((answered[-1].at - answered[0].at) / (len(answered) - 1))
        body = came[0].asked.json()
        if isinstance(body.get("payload_error"), str):
            said["payload_error"] = self._redactor.text(body["payload_error"])
        gateway_id = body.get("gateway_request_id")
        if isinstance(gateway_id, str) and gateway_id not in ("", self._job.id):
            said["gateway_request_id"] = gateway_id
        if said:
            fields["webhook"] = said


def _seconds(detail: Mapping[str, Any]) -> float:
    from fakefal.scenario.values.durations import parse_duration

    return parse_duration(detail["for"]) if "for" in detail else 0.0


def _submitted(submit: Capture | None) -> Sight | None:
    if submit is None:
        return None
    return status_of(submit.heard.json(), 0.0, is_poll=False, with_logs=False)


def _cancelled_at(job: Job, began: float) -> float | None:
    accepted = [it for it in job.cancels if it.heard.status in (200, 202)]
    return accepted[0].ended - began if accepted else None


def _of_webhook(capture: Capture) -> Heard | None:
    """The result that a webhook tells of; None for one that does not (protocol.md section 8)."""
    body = capture.asked.json()
    status = 200
    if body.get("status") == "ERROR":
        error = body.get("error")
        found = str(error).rpartition(" ")[2]
        status = int(found) if found.isdigit() and 400 <= int(found) <= 599 else 500
    elif body.get("payload_error"):
        return None
    return whole(status, (("content-type", "application/json"),), encode(body.get("payload")))


__all__ = ["Queued", "Unusable"]
