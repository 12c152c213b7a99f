"""The options of a scenario under which fakefal behaves as the recorded upstream did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fakefal.recorder.distil.request_groups import DirectCall, RequestGroups
from fakefal.recorder.distil.stream_replies import default_framing, framing_of

Fields = dict[str, Any]


@dataclass(slots=True)
class UpstreamOptions:
    """Collects what differs from fakefal's defaults. ``error_in_status`` holds what was seen."""

    compat: Fields = field(default_factory=dict)
    error_in_status: set[bool] = field(default_factory=set)
    stream_sse: str | None = None

    def choose_framing(self, streams: Iterable[DirectCall]) -> None:
        """Set the framing of all streams, if they have the same one and it is not the default."""
        framings = [
            (framing_of(direct.capture.response), default_framing(direct.endpoint))
            for direct in streams
            if 0 < direct.capture.response.status < 400
        ]
        found = {framing for framing, _ in framings}
        if len(found) == 1 and any(framing != default for framing, default in framings):
            self.stream_sse = found.pop()

    def renders_framing(self, direct: DirectCall) -> bool:
        """Whether a replay frames the events of a stream as upstream did."""
        framing = framing_of(direct.capture.response)
        expected = self.stream_sse or default_framing(direct.endpoint)
        return framing == expected or not direct.capture.response.body

    def fields(self, groups: RequestGroups) -> Fields:
        """``options`` of the scenario.

        ``validate`` is off, as a recorded response overrides fakefal's own opinion of the input.
        """
        options: Fields = {"unmatched": "fail", "validate": False, **self.compat}
        if self.error_in_status == {True}:
            options["error_in_status"] = True
        if self.stream_sse is not None:
            options["stream_sse"] = self.stream_sse
        submits = [job.submit.response for job in groups.jobs.values() if job.submit is not None]
        if submits and all(b'/response"' in response.body for response in submits):
            options["response_suffix"] = True
        return options
