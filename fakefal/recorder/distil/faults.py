"""Recorded responses as faults of a reply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.errors.catalog import CATALOG
from fakefal.recorder.capture.captures import Capture, RecordedResponse
from fakefal.recorder.distil.outcomes import NotRecordable, failure_of, header_fields

OK = "ok"


def fault_of(response: RecordedResponse, endpoint: EndpointId) -> Json:
    """A response as a fault: its name such as ``nginx-502``, or status, body and headers."""
    if response.status == 0:
        return response.cut or "close"
    if response.cut:
        return {response.cut: "during"}
    try:
        failure = failure_of(response, endpoint, None)
    except NotRecordable:
        failure = {}
    if isinstance(failure, str) and CATALOG[failure.replace("-", "_")].message.find("{") < 0:
        return failure.replace("_", "-")
    spec: dict[str, Any] = {"status": response.status}
    try:
        spec["body"] = response.json()
    except ValueError:
        spec["body"] = response.body.decode("utf-8", "replace")
        if response.content_type:
            spec["content_type"] = response.content_type
    if headers := header_fields(response).get("headers"):
        spec["headers"] = headers
    return spec


def fault_sequence(
    captures: Sequence[Capture], failed: Sequence[Capture], endpoint: EndpointId
) -> list[Json]:
    """The faults of one operation in order, ``ok`` for each response that is not in ``failed``.

    Trailing ``ok`` are left out, as an exhausted list of faults means none.
    """
    faults = [
        fault_of(capture.response, endpoint) if capture in failed else OK for capture in captures
    ]
    while faults and faults[-1] == OK:
        faults.pop()
    return compress(faults)


def compress(faults: Sequence[Json]) -> list[Json]:
    """Run-length encode equal faults in a row: ``nginx-502 x2``, or with ``times``."""
    runs: list[tuple[Json, int]] = []
    for fault in faults:
        if runs and runs[-1][0] == fault:
            runs[-1] = (fault, runs[-1][1] + 1)
        else:
            runs.append((fault, 1))
    return [_repeat(turn, count) for turn, count in runs]


def repeat_forever(fault: Json) -> Json:
    """The fault for every request from here on: ``nginx-502 x*``, or ``times: always``."""
    return f"{fault} x*" if isinstance(fault, str) else {**fault, "times": "always"}


def _repeat(fault: Json, count: int) -> Json:
    if count == 1:
        return fault
    return f"{fault} x{count}" if isinstance(fault, str) else {**fault, "times": count}
