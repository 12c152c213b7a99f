"""Groups captures by what they are about: each queue request with its polls, reads and webhooks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from fakefal.protocol.core import hosts
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.endpoints import EndpointId, parse_endpoint
from fakefal.protocol.queue import IN_PROGRESS_DETAIL
from fakefal.recorder.capture.captures import Capture, RecordedResponse

_REQUEST_PATH = re.compile(
    r"(?P<endpoint>.+?)/requests/(?P<id>[^/]+)(?:/(?P<what>status|status/stream|cancel|response))?"
)
_REST_BUILT_IN = (
    re.compile(r"storage/upload/(initiate|initiate-multipart|complete-multipart)"),
    re.compile(r"storage/auth/token|tokens(/realtime)?|\.well-known/jwks\.json"),
)
"""Paths of rest.fal.ai that fakefal answers without a scenario."""

ANY_ENDPOINT = "any/app"
"""Stands for the endpoint of a recorded job that is not known."""

_STREAM = re.compile(r"(?P<endpoint>.+)/stream")
_RUN = re.compile(r"(?P<endpoint>.+)")


@dataclass(slots=True)
class RecordedJob:
    """A queue request. ``submit`` is None if the recording begins after it."""

    id: str
    endpoint: EndpointId
    submit: Capture | None = None
    statuses: list[Capture] = field(default_factory=list)
    streams: list[Capture] = field(default_factory=list)
    results: list[Capture] = field(default_factory=list)
    cancels: list[Capture] = field(default_factory=list)
    webhooks: list[Capture] = field(default_factory=list)
    is_first: bool = True
    """Whether no earlier job has the same id."""

    @property
    def started_at(self) -> float:
        """The time of the first capture."""
        captures = [
            *(self.submit, *self.statuses, *self.streams),
            *(*self.results, *self.cancels, *self.webhooks),
        ]
        return min(capture.at for capture in captures if capture is not None)

    @property
    def capture_count(self) -> int:
        lists = (self.statuses, self.streams, self.results, self.cancels, self.webhooks)
        return sum(map(len, lists))

    @property
    def is_finished(self) -> bool:
        """Whether its result was read or its webhook sent."""
        return bool(self.webhooks) or not all(is_early(read.response) for read in self.results)


@dataclass(slots=True)
class DirectCall:
    """A direct run or a stream: one request to fal.run."""

    via: Literal["run", "stream"]
    endpoint: EndpointId
    capture: Capture


@dataclass(slots=True)
class RequestGroups:
    """The captures of a recording, grouped.

    ``refused`` are submits without a request id. ``ignored`` need no exchange. ``unsupported`` are
    captures that cannot be replayed, with the reason.
    """

    jobs: dict[str, RecordedJob] = field(default_factory=dict)
    refused: list[tuple[EndpointId, Capture]] = field(default_factory=list)
    direct: list[DirectCall] = field(default_factory=list)
    uploads: list[Capture] = field(default_factory=list)
    downloads: list[Capture] = field(default_factory=list)
    ignored: list[Capture] = field(default_factory=list)
    unsupported: list[tuple[Capture, str]] = field(default_factory=list)
    _latest: dict[str, RecordedJob] = field(default_factory=dict)

    def add_job(self, job: RecordedJob) -> RecordedJob:
        """Add a job. Tools that redact ids give several jobs the same: what follows is about the
        latest of them."""
        key, number = job.id, 1
        while key in self.jobs:
            number += 1
            key, job.is_first = f"{job.id} {number}", False
        self.jobs[key] = self._latest[job.id] = job
        return job

    def latest_job(self, id_: str) -> RecordedJob | None:
        """The job that a request with this id is about."""
        return self._latest.get(id_)


def is_early(response: RecordedResponse) -> bool:
    """Whether a result was read before completion.

    Source: documented (docs/reference/open-questions.md#result-before-completion).
    """
    if response.status != 400:
        return False
    try:
        body = response.json()
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("detail") == IN_PROGRESS_DETAIL


def group_captures(captures: Iterable[Capture]) -> RequestGroups:
    """Group captures, each group in the order of the requests."""
    groups = RequestGroups()
    for capture in sorted(captures, key=lambda item: item.at):
        _add_capture(groups, capture)
    return groups


def _add_capture(groups: RequestGroups, capture: Capture) -> None:
    request = capture.request
    if capture.is_webhook:
        _add_webhook(groups, capture)
    elif request.method == "OPTIONS":
        groups.ignored.append(capture)
    elif request.host == hosts.QUEUE:
        _add_queue_capture(groups, capture)
    elif request.host == hosts.RUN:
        _add_direct_call(groups, capture)
    elif request.host in hosts.MEDIA_HOSTS:
        (groups.downloads if request.method in ("GET", "HEAD") else groups.uploads).append(capture)
    elif request.host == hosts.REST and any(
        pattern.fullmatch(request.decoded_path) for pattern in _REST_BUILT_IN
    ):
        (groups.uploads if "upload" in request.path else groups.ignored).append(capture)
    else:
        groups.unsupported.append((capture, f"scenarios do not cover {request.host}"))


def _add_queue_capture(groups: RequestGroups, capture: Capture) -> None:
    request = capture.request
    path_match = _REQUEST_PATH.fullmatch(request.decoded_path)
    if path_match is None:
        _add_submit(groups, capture)
        return
    endpoint = parse_endpoint(path_match["endpoint"])
    if endpoint is None:
        groups.unsupported.append((capture, "the path names no endpoint"))
        return
    job = groups.latest_job(path_match["id"])
    if job is None:
        if capture.response.status == 404:
            groups.ignored.append(capture)
            return
        job = groups.add_job(RecordedJob(path_match["id"], endpoint))
    same_operation = {
        ("GET", "status"): job.statuses,
        ("GET", "status/stream"): job.streams,
        ("PUT", "cancel"): job.cancels,
        ("GET", "response"): job.results,
        ("GET", None): job.results,
    }.get((request.method, path_match["what"]))
    if same_operation is None:
        groups.unsupported.append((capture, f"the queue API has no {request.method} here"))
    else:
        same_operation.append(capture)


def _add_submit(groups: RequestGroups, capture: Capture) -> None:
    endpoint = parse_endpoint(capture.request.decoded_path)
    if endpoint is None or capture.request.method != "POST":
        groups.unsupported.append((capture, "it does not call an endpoint"))
        return
    request_id = _request_id(capture) if capture.response.status < 300 else None
    if request_id is None:
        groups.refused.append((endpoint, capture))
    else:
        groups.add_job(RecordedJob(request_id, endpoint, capture))


def _request_id(capture: Capture) -> str | None:
    body = _response_json(capture.response.body, capture)
    request_id = body.get("request_id") if isinstance(body, dict) else None
    return request_id if isinstance(request_id, str) else None


def _response_json(data: bytes, capture: Capture) -> Json:
    try:
        return capture.response.json() if data else None
    except ValueError:
        return None


def _add_direct_call(groups: RequestGroups, capture: Capture) -> None:
    request = capture.request
    path = request.decoded_path
    stream = _STREAM.fullmatch(path)
    endpoint = parse_endpoint(stream["endpoint"] if stream else path)
    if endpoint is None:
        groups.unsupported.append((capture, "the path names no endpoint"))
    elif request.method != "POST":
        groups.unsupported.append((capture, f"{request.method} of an endpoint cannot be replayed"))
    elif stream is not None:
        groups.direct.append(DirectCall("stream", endpoint, capture))
    else:
        groups.direct.append(DirectCall("run", endpoint, capture))


def _add_webhook(groups: RequestGroups, capture: Capture) -> None:
    try:
        body = capture.request.json()
    except ValueError:
        body = None
    request_id = body.get("request_id") if isinstance(body, dict) else None
    job = groups.latest_job(request_id) if isinstance(request_id, str) else None
    if job is None:
        groups.unsupported.append((capture, "the webhook belongs to no recorded request"))
    else:
        job.webhooks.append(capture)
