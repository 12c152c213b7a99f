"""Captures sorted into conversations: each queued request with all that was asked about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from fakefal.protocol.core import hosts
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.endpoints import EndpointId, parse_endpoint
from fakefal.protocol.queue import IN_PROGRESS_DETAIL
from fakefal.recorder.capture.captures import Capture, Heard

_ABOUT = re.compile(
    r"(?P<endpoint>.+?)/requests/(?P<id>[^/]+)(?:/(?P<what>status|status/stream|cancel|response))?"
)
_SILENT = (
    re.compile(r"storage/upload/(initiate|initiate-multipart|complete-multipart)"),
    re.compile(r"storage/auth/token|tokens(/realtime)?|\.well-known/jwks\.json"),
)
"""What rest.fal.ai is asked that every fake answers by itself."""

_STREAM = re.compile(r"(?P<endpoint>.+)/stream")
_RUN = re.compile(r"(?P<endpoint>.+)")


@dataclass(slots=True)
class Job:
    """A queued request. ``submit`` is missing where a file begins after it."""

    id: str
    endpoint: EndpointId
    submit: Capture | None = None
    statuses: list[Capture] = field(default_factory=list)
    streams: list[Capture] = field(default_factory=list)
    results: list[Capture] = field(default_factory=list)
    cancels: list[Capture] = field(default_factory=list)
    webhooks: list[Capture] = field(default_factory=list)

    @property
    def at(self) -> float:
        """When it began."""
        first = [self.submit, *self.statuses, *self.streams, *self.results]
        return min(capture.at for capture in first if capture is not None)

    @property
    def count(self) -> int:
        """How many captures it has."""
        lists = (self.statuses, self.streams, self.results, self.cancels, self.webhooks)
        return sum(map(len, lists))

    @property
    def is_finished(self) -> bool:
        """Whether it was seen to its end."""
        return any(not is_early(it.heard) for it in self.results) or bool(self.webhooks)


@dataclass(slots=True)
class Direct:
    """A direct run or a stream."""

    via: Literal["run", "stream"]
    endpoint: EndpointId
    capture: Capture


@dataclass(slots=True)
class Conversations:
    """A recording, sorted. ``others`` are captures of which no conversation can be made."""

    jobs: dict[str, Job] = field(default_factory=dict)
    refused: list[tuple[EndpointId, Capture]] = field(default_factory=list)
    direct: list[Direct] = field(default_factory=list)
    uploads: list[Capture] = field(default_factory=list)
    downloads: list[Capture] = field(default_factory=list)
    silent: list[Capture] = field(default_factory=list)
    others: list[tuple[Capture, str]] = field(default_factory=list)


def is_early(heard: Heard) -> bool:
    """Whether a result was asked for too early (protocol.md section 3.4)."""
    if heard.status != 400:
        return False
    try:
        body = heard.json()
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("detail") == IN_PROGRESS_DETAIL


def sort(captures: Iterable[Capture]) -> Conversations:
    """Sort captures by what they are about; their order is that of asking."""
    found = Conversations()
    for capture in sorted(captures, key=lambda it: it.at):
        _place(found, capture)
    return found


def _place(found: Conversations, capture: Capture) -> None:
    asked = capture.asked
    if capture.is_webhook:
        _webhook(found, capture)
    elif asked.method == "OPTIONS":
        found.silent.append(capture)
    elif asked.host == hosts.QUEUE:
        _queue(found, capture)
    elif asked.host == hosts.RUN:
        _run(found, capture)
    elif asked.host in hosts.STORED:
        (found.downloads if asked.method in ("GET", "HEAD") else found.uploads).append(capture)
    elif asked.host == hosts.REST and any(it.fullmatch(asked.plain_path) for it in _SILENT):
        (found.uploads if "upload" in asked.path else found.silent).append(capture)
    else:
        found.others.append((capture, f"a scenario says nothing about {asked.host}"))


def _queue(found: Conversations, capture: Capture) -> None:
    asked = capture.asked
    about = _ABOUT.fullmatch(asked.plain_path)
    if about is None:
        _submit(found, capture)
        return
    endpoint = parse_endpoint(about["endpoint"])
    if endpoint is None:
        found.others.append((capture, "the path names no endpoint"))
        return
    job = found.jobs.get(about["id"])
    if job is None:
        if capture.heard.status == 404:
            found.silent.append(capture)
            return
        job = found.jobs[about["id"]] = Job(about["id"], endpoint)
    what = {
        ("GET", "status"): job.statuses,
        ("GET", "status/stream"): job.streams,
        ("PUT", "cancel"): job.cancels,
        ("GET", "response"): job.results,
        ("GET", None): job.results,
    }.get((asked.method, about["what"]))
    if what is None:
        found.others.append((capture, f"{asked.method} is nothing that the queue is asked"))
    else:
        what.append(capture)


def _submit(found: Conversations, capture: Capture) -> None:
    endpoint = parse_endpoint(capture.asked.plain_path)
    if endpoint is None or capture.asked.method != "POST":
        found.others.append((capture, "no endpoint is called by it"))
        return
    request_id = _request_id(capture) if capture.heard.status < 300 else None
    if request_id is None:
        found.refused.append((endpoint, capture))
    else:
        found.jobs[request_id] = Job(request_id, endpoint, capture)


def _request_id(capture: Capture) -> str | None:
    body = _object(capture.heard.body, capture)
    request_id = body.get("request_id") if isinstance(body, dict) else None
    return request_id if isinstance(request_id, str) else None


def _object(data: bytes, capture: Capture) -> Json:
    try:
        return capture.heard.json() if data else None
    except ValueError:
        return None


def _run(found: Conversations, capture: Capture) -> None:
    asked = capture.asked
    path = asked.plain_path
    stream = _STREAM.fullmatch(path)
    endpoint = parse_endpoint(stream["endpoint"] if stream else path)
    if endpoint is None:
        found.others.append((capture, "the path names no endpoint"))
    elif asked.method != "POST":
        found.others.append((capture, f"{asked.method} of an endpoint is not replayed"))
    elif stream is not None:
        found.direct.append(Direct("stream", endpoint, capture))
    else:
        found.direct.append(Direct("run", endpoint, capture))


def _webhook(found: Conversations, capture: Capture) -> None:
    try:
        body = capture.asked.json()
    except ValueError:
        body = None
    request_id = body.get("request_id") if isinstance(body, dict) else None
    job = found.jobs.get(request_id) if isinstance(request_id, str) else None
    if job is None:
        found.others.append((capture, "the webhook is of no request that was recorded"))
    else:
        job.webhooks.append(capture)
