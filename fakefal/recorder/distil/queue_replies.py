"""Builds the reply of a recorded queue request: timeline, outcome, faults, webhook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import decode, encode
from fakefal.protocol.queue import SUCCESS
from fakefal.recorder.capture.captures import Capture, RecordedResponse, buffered_response
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.faults import fault_of, fault_sequence, repeat_forever
from fakefal.recorder.distil.outcomes import (
    failure_of,
    header_fields,
    success_fields,
)
from fakefal.recorder.distil.request_groups import RecordedJob, is_early
from fakefal.recorder.distil.timelines import (
    MAX_COUNTED_POLLS,
    StatusObservation,
    observation_of,
    observations_of,
    steps_of,
)
from fakefal.recorder.distil.timing import format_seconds

Fields = dict[str, Any]

_WEBHOOK_TOLERANCE_SECONDS = 0.25
"""A webhook within this time after completion is recorded as immediate."""


class QueueReplyBuilder:
    """Builds the reply of one queue request from its captures."""

    def __init__(
        self, job: RecordedJob, input_: Json, files: Mapping[str, str], redactor: Redactor
    ) -> None:
        self._job = job
        self._input = input_
        self._files = files
        self._redactor = redactor
        self.notes: list[str] = []
        submit = job.submit
        self._submitted_at = job.started_at if submit is None else submit.ended
        self._observations = observations_of(job.statuses, job.streams, self._submitted_at)
        self._submit_status = _submit_observation(submit)
        self._cancelled_at = _cancelled_at(job, self._submitted_at)

    def build(self) -> Fields:
        """The reply as in a scenario file; raises NotRecordable."""
        fields: Fields = {}
        faults: dict[str, list[Json]] = {}
        is_finished = self._add_outcome(fields, faults)
        fields["timeline"] = self._timeline(is_finished)
        if not is_finished and not self._was_cancelled:
            self.notes.append(
                f"{self._job.endpoint.app}/requests/{self._job.id}: its result was never read"
            )
        if self._was_cancelled and "IN_PROGRESS" in fields["timeline"][-1]:
            fields["cancel"] = "accepted"
        seconds = self._inference_seconds()
        if seconds is not None:
            fields["inference_time"] = format_seconds(seconds)
        self._add_poll_faults(faults)
        if faults:
            fields["faults"] = faults
        self._add_webhook(fields)
        fields["request_id"] = self._job.id
        return fields

    @property
    def error_in_status(self) -> bool | None:
        """Whether a completed status showed the model's error; None if there was none to show."""
        completed = [
            observation for observation in self._observations if observation.state == "COMPLETED"
        ]
        result = self._final_response()
        if not completed or result is None or result.status < 400:
            return None
        if "error_type" in completed[-1].body:
            return None
        return "error" in completed[-1].body

    @property
    def options(self) -> Fields:
        """Scenario options for how upstream cancels, where it differs from fakefal's default."""
        options: Fields = {}
        final = self._final_response()
        if self._was_cancelled and final is not None and final.status == 404:
            options["reads_after_cancel"] = "not-found"
        bodies = [
            capture.response.body for capture in self._job.cancels if capture.response.status == 200
        ]
        if bodies and decode(bodies[0]) == SUCCESS:
            options["cancel_answer"] = "success"
        logs = [log for observation in self._observations for log in observation.logs or ()]
        if any(isinstance(log, dict) and "level" in log for log in logs):
            options["log_entries"] = "documented"
        return options

    # The outcome

    def _add_outcome(self, fields: Fields, faults: dict[str, list[Json]]) -> bool:
        """Add the outcome; return False if the recording ends before the request does."""
        final = self._final_response()
        if final is None:
            return False
        if final.status < 400:
            fields |= success_fields(final, self._job.endpoint, self._input, "queue", self._files)
            fields |= header_fields(final)
        elif self._is_text(final):
            faults["result"] = [repeat_forever(fault_of(final, self._job.endpoint))]
        elif self._was_cancelled:
            return True  # a cancel of the replay ends it in the same way
        else:
            fields |= self._failure(final)
            fields |= {k: v for k, v in header_fields(final).items() if k == "billable_units"}
        return True

    def _failure(self, final: RecordedResponse) -> Fields:
        return {"fail": failure_of(final, self._job.endpoint, "result")}

    def _final_response(self) -> RecordedResponse | None:
        """The last complete result that was read, else the result in a webhook."""
        results = [
            capture.response for capture in self._job.results if not is_early(capture.response)
        ]
        results = [response for response in results if response.status and not response.cut]
        if results:
            return results[-1]
        return next(
            filter(None, (_response_of_webhook(capture) for capture in self._job.webhooks)), None
        )

    def _is_text(self, response: RecordedResponse) -> bool:
        try:
            response.json()
        except ValueError:
            return True
        return False

    # The timeline

    @property
    def _was_cancelled(self) -> bool:
        """Whether a cancel ended it: accepted, and the result is missing, 404 or 499."""
        final = self._final_response()
        return self._cancelled_at is not None and (final is None or final.status in (404, 499))

    def _timeline(self, is_finished: bool) -> list[Json]:
        observations = self._observations
        if self._was_cancelled:
            assert self._cancelled_at is not None
            observations = [
                observation
                for observation in observations
                if observation.seconds < self._cancelled_at and observation.state != "COMPLETED"
            ]
            return self._steps(observations)
        if not observations and is_finished:
            return self._unobserved_timeline()
        if observations and is_finished and observations[-1].state != "COMPLETED":
            observations = [
                *observations,
                StatusObservation(max(self._ended_at(), observations[-1].seconds), "COMPLETED"),
            ]
        return self._steps(observations)

    def _steps(self, observations: list[StatusObservation]) -> list[Json]:
        return [*steps_of(self._submit_status, observations, self._redactor)]

    def _unobserved_timeline(self) -> list[Json]:
        """The timeline of a request whose status was never polled.

        A caller may poll the result instead and get 400 until it is ready; each of these but the
        first counts as a poll.
        """
        early = [capture for capture in self._job.results if is_early(capture.response)]
        first = self._steps([StatusObservation(0.0, "COMPLETED")])
        if early:
            detail: Fields = {}
            if 1 < len(early) <= MAX_COUNTED_POLLS + 1:
                detail["polls"] = len(early) - 1
            last_early_at = early[-1].ended - self._submitted_at
            detail["for"] = format_seconds((last_early_at + self._ended_at()) / 2)
            return [*first, {"IN_PROGRESS": detail}]
        if self._job.webhooks:
            return [*first, {"IN_PROGRESS": {"for": format_seconds(self._ended_at())}}]
        return first

    def _ended_at(self) -> float:
        """The time of the first result or webhook, in seconds after the submit; 0 if none."""
        results = [capture for capture in self._job.results if not is_early(capture.response)]
        final_captures = [*results[:1], *self._job.webhooks[:1]]
        if not final_captures:
            return 0.0
        return max(0.0, min(capture.at for capture in final_captures) - self._submitted_at)

    def _inference_seconds(self) -> float | None:
        for observation in reversed(self._observations):
            metrics = observation.body.get("metrics")
            seconds = metrics.get("inference_time") if isinstance(metrics, dict) else None
            if isinstance(seconds, (int, float)) and 0 <= seconds < 1e6:
                return float(seconds)
        return None

    def _add_poll_faults(self, faults: dict[str, list[Json]]) -> None:
        job = self._job
        expected_statuses = {
            "status": (200, 202),
            "status_stream": (200,),
            "cancel": (200, 202, 400),
        }
        captures_by_operation = {
            "status": job.statuses,
            "status_stream": job.streams,
            "cancel": job.cancels,
        }
        for operation, captures in captures_by_operation.items():
            expected = expected_statuses[operation]
            failed = [
                capture
                for capture in captures
                if capture.response.status not in expected or capture.response.cut
            ]
            if failed and not self._was_cancelled:
                faults[operation] = fault_sequence(captures, failed, job.endpoint)
        final = self._final_response()
        reads = [capture for capture in job.results if not is_early(capture.response)]
        inconsistent = [
            capture
            for capture in reads
            if final is None or capture.response.status != final.status or capture.response.cut
        ]
        if inconsistent and "result" not in faults:
            faults["result"] = fault_sequence(reads, inconsistent, job.endpoint)

    # The webhook

    def _add_webhook(self, fields: Fields) -> None:
        deliveries = self._job.webhooks
        if not deliveries:
            return
        copies = [
            capture for capture in deliveries if capture.request.body == deliveries[0].request.body
        ]
        webhook: Fields = {}
        timeline_seconds = sum(
            _step_seconds(detail) for step in fields["timeline"] for detail in step.values()
        )
        delay = deliveries[0].at - self._submitted_at - timeline_seconds
        if delay > _WEBHOOK_TOLERANCE_SECONDS:
            webhook["after"] = format_seconds(delay)
        accepted = [capture for capture in copies if 200 <= capture.response.status < 300]
        if len(accepted) > 1:
            webhook["duplicates"] = len(accepted) - 1
            webhook["every"] = format_seconds(
                (accepted[-1].at - accepted[0].at) / (len(accepted) - 1)
            )
        body = deliveries[0].request.json()
        if isinstance(body.get("payload_error"), str):
            webhook["payload_error"] = self._redactor.redact_text(body["payload_error"])
        gateway_id = body.get("gateway_request_id")
        if isinstance(gateway_id, str) and gateway_id not in ("", self._job.id):
            webhook["gateway_request_id"] = gateway_id
        if webhook:
            fields["webhook"] = webhook


def _step_seconds(detail: Mapping[str, Any]) -> float:
    from fakefal.scenario.values.durations import parse_duration

    return parse_duration(detail["for"]) if "for" in detail else 0.0


def _submit_observation(submit: Capture | None) -> StatusObservation | None:
    if submit is None:
        return None
    return observation_of(submit.response.json(), 0.0, is_poll=False, has_logs=False)


def _cancelled_at(job: RecordedJob, submitted_at: float) -> float | None:
    accepted = [capture for capture in job.cancels if capture.response.status in (200, 202)]
    return accepted[0].ended - submitted_at if accepted else None


def _response_of_webhook(capture: Capture) -> RecordedResponse | None:
    """The result in a webhook; None if it has only a ``payload_error``.

    Source: documented (docs/reference/webhooks.md#payload).
    """
    body = capture.request.json()
    status = 200
    if body.get("status") == "ERROR":
        error = body.get("error")
        status_text = str(error).rpartition(" ")[2]
        status = (
            int(status_text) if status_text.isdigit() and 400 <= int(status_text) <= 599 else 500
        )
    elif body.get("payload_error"):
        return None
    return buffered_response(
        status, (("content-type", "application/json"),), encode(body.get("payload"))
    )
