"""Turns a recording into an ordinary scenario, whether it is live or of a foreign format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, TypeVar

from fakefal.protocol.core.call import Json, Moment, Via
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.recorder.capture.captures import Capture, Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.faults import always, fault_of, folded
from fakefal.recorder.distil.inputs import exact_pattern
from fakefal.recorder.distil.outcomes import Unusable, failing, success, told_headers
from fakefal.recorder.distil.queue_replies import Queued
from fakefal.recorder.distil.request_groups import Conversations, Direct, Job, sort
from fakefal.recorder.distil.stream_replies import framing_of, stream_reply, usual_framing
from fakefal.recorder.distil.timing import AT_ONCE_SECONDS, written
from fakefal.recorder.output.media import Media
from fakefal.scenario.values.seeded import canonical

Fields = dict[str, Any]
Result = TypeVar("Result")

_FILES = b"/files/"
"""In every URL of a file."""


Memory = dict[tuple[object, ...], Any]
"""What was worked out before, by what it follows from."""


@dataclass(slots=True)
class Distilled:
    """A scenario as a file would hold it, the bytes of its files by name, and what was left out."""

    data: Fields
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    """All calls with the same input: they become one exchange."""

    endpoint: EndpointId
    via: Via
    pattern: Json
    replies: list[Fields] = field(default_factory=list)
    pending: list[Json] = field(default_factory=list)
    """Faults that the next reply begins with."""


def distil(
    recording: Recording,
    redactor: Redactor,
    *,
    version: str,
    folder: str = "recording.files",
    finished_only: bool = False,
    memory: Memory | None = None,
) -> Distilled:
    """A scenario that answers each recorded call as upstream did.

    ``folder`` is where its files lie beside it. With ``finished_only`` requests that may still go
    on are left out. ``memory`` keeps what was worked out for a recording that grows.
    """
    memory = {} if memory is None else memory
    return _Distilling(recording, redactor, folder, finished_only, memory).scenario(version)


class _Distilling:
    def __init__(
        self,
        recording: Recording,
        redactor: Redactor,
        folder: str,
        finished_only: bool,
        memory: Memory,
    ) -> None:
        self._memory = memory
        self._recording = recording
        self._redactor = redactor
        self._finished_only = finished_only
        self._found: Conversations = sort(recording.captures)
        self._media = Media(folder, self._found)
        self._groups: dict[tuple[str, str, str], _Group] = {}
        self._notes: list[str] = []
        self._told_errors: set[bool] = set()
        self._more_options: Fields = {}
        self._framings: dict[str, set[bool]] = {}
        self._names: dict[str, int] = {}

    def scenario(self, version: str) -> Distilled:
        for _, item in self._in_order():
            if isinstance(item, Job):
                self._job(item)
            elif isinstance(item, Direct):
                self._direct(item)
            else:
                self._refused(*item)
        exchanges = [self._exchange(group) for group in self._groups.values()]
        notes = [*self._recording.notes, *self._media.notes, *self._notes]
        notes += [f"{_told(capture)}: {why}" for capture, why in self._found.others]
        data: Fields = {
            "fakefal": 1,
            "recorded": self._header(version),
            "options": self._options(),
            "exchanges": exchanges,
        }
        used = set(_references(exchanges))
        files = {name: data for name, data in self._media.kept.items() if name in used}
        return Distilled(self._redactor.json(data), files, list(dict.fromkeys(notes)))

    def _in_order(self) -> list[tuple[float, Any]]:
        """Everything that begins a call, in the order of asking."""
        found: list[tuple[float, Any]] = [(job.at, job) for job in self._found.jobs.values()]
        found += [(it.capture.at, it) for it in self._found.direct]
        found += [(capture.at, (endpoint, capture)) for endpoint, capture in self._found.refused]
        return sorted(found, key=lambda pair: pair[0])

    # Calls

    def _group(self, endpoint: EndpointId, via: Via, capture: Capture) -> tuple[_Group, Json]:
        def work() -> tuple[Json, Json, str]:
            given = capture.asked.json()
            pattern = exact_pattern(given, self._media.links, self._redactor)
            return given, pattern, canonical(pattern)

        given, pattern, text = self._known(("input", id(capture)), capture.asked.body, work)
        group = self._groups.setdefault((endpoint.text, via, text), _Group(endpoint, via, pattern))
        return group, given

    def _known(self, key: tuple[object, ...], body: bytes, work: Callable[[], Result]) -> Result:
        """What follows from captures alone, worked out once; URLs of files are looked up anew."""
        if _FILES in body:
            return work()
        key = (*key, self._redactor.count)
        if key not in self._memory:
            self._memory[key] = work()
        found: Result = self._memory[key]
        return found

    def _job(self, job: Job) -> None:
        if job.submit is None:
            self._notes.append(
                f"{job.endpoint.app}/requests/{job.id}: its submit was not recorded, so its input "
                "is not known"
            )
            return
        if self._finished_only and not job.is_finished:
            return
        try:
            group, given = self._group(job.endpoint, "queue", job.submit)

            def work() -> tuple[Fields, bool | None, Fields, list[str]]:
                queued = Queued(job, given, self._media.files, self._redactor)
                return queued.reply(), queued.tells_error, queued.options, queued.notes

            answers = b"".join(it.heard.body for it in job.results)
            answers += b"".join(it.asked.body for it in job.webhooks)
            reply, tells_error, options, notes = self._known(
                ("job", job.id, job.count), answers, work
            )
        except (Unusable, ValueError) as error:
            self._notes.append(f"{_told(job.submit)}: {error}")
            return
        self._notes += notes
        self._more_options |= options
        if tells_error is not None:
            self._told_errors.add(tells_error)
        self._add(group, {**reply}, "submit")

    def _direct(self, direct: Direct) -> None:
        capture, via = direct.capture, direct.via
        heard = capture.heard
        try:
            group, given = self._group(direct.endpoint, via, capture)
            if via == "stream" and 0 < heard.status < 400:
                self._note_framing(direct)
            elif not 0 < heard.status < 400 or heard.cut:
                self._failure(group, direct.endpoint, capture)
                return
            known = self._known(
                ("direct", id(capture)), heard.body, lambda: self._answered(direct, given)
            )
            reply = {**known}
        except (Unusable, ValueError) as error:
            self._notes.append(f"{_told(capture)}: {error}")
            return
        seconds = capture.ended - capture.at
        if via == "run" and seconds > AT_ONCE_SECONDS:
            reply["timeline"] = [{"IN_PROGRESS": {"for": written(seconds)}}]
        request_id = heard.header("x-fal-request-id")
        if request_id:
            reply["request_id"] = request_id
        self._add(group, reply, via)

    def _answered(self, direct: Direct, given: Json) -> Fields:
        """The outcome of a direct call that began well; raises Unusable."""
        heard, files = direct.capture.heard, self._media.files
        if direct.via == "stream":
            return stream_reply(heard, direct.endpoint, given, files, self._redactor)
        found = success(heard, direct.endpoint, given, direct.via, files)
        return {**found, **told_headers(heard)}

    def _refused(self, endpoint: EndpointId, capture: Capture) -> None:
        try:
            group, _ = self._group(endpoint, "queue", capture)
        except ValueError as error:
            self._notes.append(f"{_told(capture)}: {error}")
            return
        self._failure(group, endpoint, capture)

    def _failure(self, group: _Group, endpoint: EndpointId, capture: Capture) -> None:
        """A call that failed at once: a reply, or a fault where no reply fails like it."""
        heard = capture.heard
        if not heard.status or heard.cut or heard.status < 400:
            group.pending.append(fault_of(heard, endpoint))
            return
        moment: Moment | None = "submit" if group.via == "queue" else None
        named = failing(heard, endpoint, moment)
        is_text = isinstance(named, dict) and not isinstance(named.get("body"), (dict, list))
        is_spelled = isinstance(named, dict) and ("type" in named or "error_type" in named)
        if isinstance(named, dict) and not is_spelled and (moment == "submit" or is_text):
            group.pending.append(fault_of(heard, endpoint))
            return
        reply: Fields = {"fail": named}
        seconds = capture.ended - capture.at
        if moment is None and seconds > AT_ONCE_SECONDS:
            reply["timeline"] = [{"IN_PROGRESS": {"for": written(seconds)}}]
        if moment is None:
            told = told_headers(heard)
            if "billable_units" in told:
                reply["billable_units"] = told["billable_units"]
            request_id = heard.header("x-fal-request-id")
            if request_id:
                reply["request_id"] = request_id
        self._add(group, reply, "submit" if moment else group.via)

    def _add(self, group: _Group, reply: Fields, operation: str) -> None:
        if group.pending:
            reply["faults"] = {**reply.get("faults", {}), operation: folded(group.pending)}
            group.pending = []
        group.replies.append(reply)

    def _note_framing(self, direct: Direct) -> None:
        framing = framing_of(direct.capture.heard)
        if framing is not None:
            usual = framing == usual_framing(direct.endpoint)
            self._framings.setdefault(framing, set()).add(usual)

    # The file

    def _exchange(self, group: _Group) -> Fields:
        operation = "submit" if group.via == "queue" else group.via
        if group.pending:
            *before, last = group.pending
            turns = [*folded(before), always(last)]
            group.replies.append({"faults": {operation: turns}})
        number = self._names[group.endpoint.text] = self._names.get(group.endpoint.text, 0) + 1
        found: Fields = {
            "id": f"{group.endpoint.text} {number}",
            "when": {"endpoint": group.endpoint.text, "via": group.via, "input": group.pattern},
        }
        replies = _without_repeats(group.replies)
        if len(replies) == 1:
            found["reply"] = replies[0]
        else:
            found["replies"] = replies
        return found

    def _header(self, version: str) -> Fields:
        recording = self._recording
        moment = datetime.fromtimestamp(recording.at, timezone.utc)
        found: Fields = {
            "at": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "source": recording.source,
        }
        if version:
            found["fakefal"] = version
        if recording.clients:
            found["clients"] = recording.clients
        if not recording.complete:
            found["complete"] = False
        return found

    def _options(self) -> Fields:
        """What upstream decides: a recorded answer counts, whatever fakefal would say itself."""
        options: Fields = {"unmatched": "fail", "validate": False, **self._more_options}
        if self._told_errors == {False}:
            options["error_in_status"] = False
        framings = [name for name, usual in self._framings.items() if False in usual]
        if len(self._framings) == 1 and framings:
            options["stream_sse"] = framings[0]
        submits = [job.submit.heard for job in self._found.jobs.values() if job.submit is not None]
        if submits and all(b'/response"' in heard.body for heard in submits):
            options["response_suffix"] = True
        return options


def _without_repeats(replies: Sequence[Fields]) -> list[Fields]:
    """Replies in turn; equal ones at the end are one, as the last is repeated anyway."""
    found = list(replies)
    while len(found) > 1 and _bare(found[-1]) == _bare(found[-2]):
        found.pop()
    return found


def _bare(reply: Fields) -> Fields:
    return {name: value for name, value in reply.items() if name != "request_id"}


def _references(value: Json) -> list[str]:
    from fakefal.scenario.media.assets import references_in

    return [name for _, name in references_in(value)]


def _told(capture: Capture) -> str:
    """A capture in words, for notes."""
    asked = capture.asked
    place = f"{capture.place}: " if capture.place else ""
    return f"{place}{asked.method} {asked.url} ({capture.heard.status or 'no answer'})"
