"""Turns a recording, live or imported, into an ordinary scenario."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, TypeVar

from fakefal.protocol.core.call import FailsAt, Json, Via
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.recorder.capture.captures import Capture, Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.faults import compress, fault_of, repeat_forever
from fakefal.recorder.distil.inputs import exact_pattern
from fakefal.recorder.distil.media import Media
from fakefal.recorder.distil.outcomes import (
    NotRecordable,
    failure_of,
    header_fields,
    success_fields,
)
from fakefal.recorder.distil.queue_replies import QueueReplyBuilder
from fakefal.recorder.distil.request_groups import (
    DirectCall,
    RecordedJob,
    RequestGroups,
    group_captures,
)
from fakefal.recorder.distil.stream_replies import default_framing, framing_of, stream_reply
from fakefal.recorder.distil.timing import IMMEDIATE_SECONDS, format_seconds
from fakefal.scenario.values.seeded import canonical_json

Fields = dict[str, Any]
ComputedValue = TypeVar("ComputedValue")

_FILES = b"/files/"
"""Part of the URL of every file on fal's hosts."""


Cache = dict[tuple[object, ...], Any]
"""Results of earlier runs for a recording that grows, by the captures they depend on."""


@dataclass(slots=True)
class DistilResult:
    """A scenario as JSON, the bytes of its files by name, and notes on what was left out.

    ``redacted`` are the places of secrets that were replaced, ``suspects`` those of values that
    look like secrets and were kept.
    """

    scenario: Fields
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    redacted: tuple[str, ...] = ()
    suspects: tuple[str, ...] = ()


@dataclass(slots=True)
class _Group:
    """All calls with the same endpoint, way and input; they become one exchange."""

    endpoint: EndpointId
    via: Via
    pattern: Json
    replies: list[Fields] = field(default_factory=list)
    pending_faults: list[Json] = field(default_factory=list)
    """Faults that precede the next reply."""


def distil(
    recording: Recording,
    redactor: Redactor,
    *,
    version: str,
    folder: str = "recording.files",
    finished_only: bool = False,
    cache: Cache | None = None,
) -> DistilResult:
    """A scenario that responds to each recorded call as upstream did.

    ``folder`` is the name of the folder beside the scenario that holds its files.
    ``finished_only`` leaves out requests that may still be running. ``cache`` is for a recording
    that is distilled again as it grows.
    """
    cache = {} if cache is None else cache
    return _Distiller(recording, redactor, folder, finished_only, cache).build(version)


class _Distiller:
    def __init__(
        self,
        recording: Recording,
        redactor: Redactor,
        folder: str,
        finished_only: bool,
        cache: Cache,
    ) -> None:
        self._cache = cache
        self._recording = recording
        self._redactor = redactor
        self._finished_only = finished_only
        self._captures: RequestGroups = group_captures(recording.captures)
        self._media = Media(folder, self._captures)
        self._groups: dict[tuple[str, str, str], _Group] = {}
        self._notes: list[str] = []
        self._error_in_status: set[bool] = set()
        self._compat_options: Fields = {}
        self._framing_defaults: dict[str, set[bool]] = {}
        self._exchange_counts: dict[str, int] = {}

    def build(self, version: str) -> DistilResult:
        for _, call in self._calls_in_order():
            if isinstance(call, RecordedJob):
                self._add_job(call)
            elif isinstance(call, DirectCall):
                self._add_direct(call)
            else:
                self._add_refused(*call)
        exchanges = [self._exchange(group) for group in self._groups.values()]
        notes = [*self._recording.notes, *self._media.notes, *self._notes]
        notes += [f"{_describe(capture)}: {why}" for capture, why in self._captures.unsupported]
        data: Fields = {
            "fakefal": 1,
            "recorded": self._recorded_header(version),
            "options": self._options(),
            "exchanges": exchanges,
        }
        used_files = set(_referenced_files(exchanges))
        files = {name: data for name, data in self._media.contents.items() if name in used_files}
        return DistilResult(
            self._redactor.redact_json(data),
            files,
            list(dict.fromkeys(notes)),
            tuple(self._redactor.places),
            tuple(self._redactor.warnings),
        )

    def _calls_in_order(self) -> list[tuple[float, Any]]:
        """Jobs, direct calls and rejected submits, in the order of their first request."""
        calls: list[tuple[float, Any]] = [
            (job.started_at, job) for job in self._captures.jobs.values()
        ]
        calls += [(direct.capture.at, direct) for direct in self._captures.direct]
        calls += [(capture.at, (endpoint, capture)) for endpoint, capture in self._captures.refused]
        return sorted(calls, key=lambda pair: pair[0])

    # Calls

    def _group_of(self, endpoint: EndpointId, via: Via, capture: Capture) -> tuple[_Group, Json]:
        def compute() -> tuple[Json, Json, str]:
            input_ = capture.request.json()
            pattern = exact_pattern(input_, self._media.links, self._redactor)
            return input_, pattern, canonical_json(pattern)

        input_, pattern, text = self._cached(("input", id(capture)), capture.request.body, compute)
        group = self._groups.setdefault((endpoint.text, via, text), _Group(endpoint, via, pattern))
        return group, input_

    def _cached(
        self, key: tuple[object, ...], body: bytes, compute: Callable[[], ComputedValue]
    ) -> ComputedValue:
        """A result that depends on captures and known secrets only, computed once.

        Results with URLs of files are not cached: whether a file was downloaded may change.
        """
        if _FILES in body:
            return compute()
        key = (*key, self._redactor.secret_count)
        if key not in self._cache:
            self._cache[key] = compute()
        value: ComputedValue = self._cache[key]
        return value

    def _add_job(self, job: RecordedJob) -> None:
        if job.submit is None:
            self._notes.append(
                f"{job.endpoint.app}/requests/{job.id}: its submit was not recorded, so its input "
                "is unknown"
            )
            return
        if self._finished_only and not job.is_finished:
            return
        try:
            group, input_ = self._group_of(job.endpoint, "queue", job.submit)

            def compute() -> tuple[Fields, bool | None, Fields, list[str]]:
                builder = QueueReplyBuilder(job, input_, self._media.files, self._redactor)
                return builder.build(), builder.error_in_status, builder.options, builder.notes

            recorded_bodies = b"".join(capture.response.body for capture in job.results)
            recorded_bodies += b"".join(capture.request.body for capture in job.webhooks)
            reply, error_in_status, options, notes = self._cached(
                ("job", job.id, job.capture_count), recorded_bodies, compute
            )
        except (NotRecordable, ValueError) as error:
            self._notes.append(f"{_describe(job.submit)}: {error}")
            return
        self._notes += notes
        self._compat_options |= options
        if error_in_status is not None:
            self._error_in_status.add(error_in_status)
        self._add_reply(group, {**reply}, "submit")

    def _add_direct(self, direct: DirectCall) -> None:
        capture, via = direct.capture, direct.via
        response = capture.response
        try:
            group, input_ = self._group_of(direct.endpoint, via, capture)
            if via == "stream" and 0 < response.status < 400:
                self._remember_framing(direct)
            elif not 0 < response.status < 400 or response.cut:
                self._add_failure(group, direct.endpoint, capture)
                return
            cached_reply = self._cached(
                ("direct", id(capture)), response.body, lambda: self._direct_fields(direct, input_)
            )
            reply = {**cached_reply}
        except (NotRecordable, ValueError) as error:
            self._notes.append(f"{_describe(capture)}: {error}")
            return
        seconds = capture.ended - capture.at
        if via == "run" and seconds > IMMEDIATE_SECONDS:
            reply["timeline"] = [{"IN_PROGRESS": {"for": format_seconds(seconds)}}]
        request_id = response.header("x-fal-request-id")
        if request_id:
            reply["request_id"] = request_id
        self._add_reply(group, reply, via)

    def _direct_fields(self, direct: DirectCall, input_: Json) -> Fields:
        """The outcome of a direct call whose status is below 400; raises NotRecordable."""
        response, files = direct.capture.response, self._media.files
        if direct.via == "stream":
            return stream_reply(response, direct.endpoint, input_, files, self._redactor)
        fields = success_fields(response, direct.endpoint, input_, direct.via, files)
        return {**fields, **header_fields(response)}

    def _add_refused(self, endpoint: EndpointId, capture: Capture) -> None:
        try:
            group, _ = self._group_of(endpoint, "queue", capture)
        except ValueError as error:
            self._notes.append(f"{_describe(capture)}: {error}")
            return
        self._add_failure(group, endpoint, capture)

    def _add_failure(self, group: _Group, endpoint: EndpointId, capture: Capture) -> None:
        """Add an immediate failure: as a reply, or as a fault if no reply can fail like that."""
        response = capture.response
        if not response.status or response.cut or response.status < 400:
            group.pending_faults.append(fault_of(response, endpoint))
            return
        fails_at: FailsAt | None = "submit" if group.via == "queue" else None
        failure = failure_of(response, endpoint, fails_at)
        is_text = isinstance(failure, dict) and not isinstance(failure.get("body"), (dict, list))
        is_error_spec = isinstance(failure, dict) and ("type" in failure or "error_type" in failure)
        if isinstance(failure, dict) and not is_error_spec and (fails_at == "submit" or is_text):
            group.pending_faults.append(fault_of(response, endpoint))
            return
        reply: Fields = {"fail": failure}
        seconds = capture.ended - capture.at
        if fails_at is None and seconds > IMMEDIATE_SECONDS:
            reply["timeline"] = [{"IN_PROGRESS": {"for": format_seconds(seconds)}}]
        if fails_at is None:
            extra_fields = header_fields(response)
            if "billable_units" in extra_fields:
                reply["billable_units"] = extra_fields["billable_units"]
            request_id = response.header("x-fal-request-id")
            if request_id:
                reply["request_id"] = request_id
        self._add_reply(group, reply, "submit" if fails_at else group.via)

    def _add_reply(self, group: _Group, reply: Fields, operation: str) -> None:
        if group.pending_faults:
            reply["faults"] = {**reply.get("faults", {}), operation: compress(group.pending_faults)}
            group.pending_faults = []
        group.replies.append(reply)

    def _remember_framing(self, direct: DirectCall) -> None:
        framing = framing_of(direct.capture.response)
        if framing is not None:
            is_default = framing == default_framing(direct.endpoint)
            self._framing_defaults.setdefault(framing, set()).add(is_default)

    # The file

    def _exchange(self, group: _Group) -> Fields:
        operation = "submit" if group.via == "queue" else group.via
        if group.pending_faults:
            *earlier, last_fault = group.pending_faults
            faults = [*compress(earlier), repeat_forever(last_fault)]
            group.replies.append({"faults": {operation: faults}})
        number = self._exchange_counts[group.endpoint.text] = (
            self._exchange_counts.get(group.endpoint.text, 0) + 1
        )
        exchange: Fields = {
            "id": f"{group.endpoint.text} {number}",
            "when": {"endpoint": group.endpoint.text, "via": group.via, "input": group.pattern},
        }
        replies = _without_repeats(group.replies)
        if len(replies) == 1:
            exchange["reply"] = replies[0]
        else:
            exchange["replies"] = replies
        return exchange

    def _recorded_header(self, version: str) -> Fields:
        recording = self._recording
        moment = datetime.fromtimestamp(recording.started_at, timezone.utc)
        header: Fields = {
            "at": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "source": recording.source,
        }
        if version:
            header["fakefal"] = version
        if recording.clients:
            header["clients"] = recording.clients
        if not recording.is_complete:
            header["complete"] = False
        return header

    def _options(self) -> Fields:
        """Scenario options under which fakefal behaves as this upstream did.

        ``validate`` is off, as a recorded response overrides fakefal's own opinion of the input.
        """
        options: Fields = {"unmatched": "fail", "validate": False, **self._compat_options}
        if self._error_in_status == {True}:
            options["error_in_status"] = True
        framings = [
            name for name, are_default in self._framing_defaults.items() if False in are_default
        ]
        if len(self._framing_defaults) == 1 and framings:
            options["stream_sse"] = framings[0]
        submits = [
            job.submit.response for job in self._captures.jobs.values() if job.submit is not None
        ]
        if submits and all(b'/response"' in response.body for response in submits):
            options["response_suffix"] = True
        return options


def _without_repeats(replies: Sequence[Fields]) -> list[Fields]:
    """Replies without equal ones at the end: a scenario repeats the last reply anyway."""
    distinct = list(replies)
    while len(distinct) > 1 and _without_request_id(distinct[-1]) == _without_request_id(
        distinct[-2]
    ):
        distinct.pop()
    return distinct


def _without_request_id(reply: Fields) -> Fields:
    return {name: value for name, value in reply.items() if name != "request_id"}


def _referenced_files(value: Json) -> list[str]:
    from fakefal.scenario.media.assets import references_in

    return [name for _, name in references_in(value)]


def _describe(capture: Capture) -> str:
    """A capture in one line, for notes."""
    request = capture.request
    prefix = f"{capture.location}: " if capture.location else ""
    return f"{prefix}{request.method} {request.url} ({capture.response.status or 'no response'})"
