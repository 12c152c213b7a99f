"""The open questions of fal's protocol that fakefal answers by a switch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fakefal.protocol.periods import DEFAULT_PERIOD

Subpath = Literal["accept", "refuse-405"]
ReadsAfterCancel = Literal["completed", "not-found"]
Unmatched = Literal["fail", "generate"]


@dataclass(frozen=True, slots=True)
class Switches:
    """Which answer is taken where the evidence about fal conflicts (protocol.md section 16).

    ``subpath``: whether status and result URLs may keep the endpoint's path (row 3).
    ``response_suffix``: whether ``response_url`` ends in ``/response`` (row 2).
    ``reads_after_cancel``: what a request cancelled in the queue reads as (row 4).
    ``error_in_status``: whether a model's own failure shows in the status (row 5).
    ``cancel_answer``: ``status`` for the documented 202, ``success`` for OpenAPI's 200 (row 7).
    ``keys``: ``any`` takes every non-empty key, ``strict`` only ``id:secret`` (row 10).
    ``profile``: the period of the any-llm schema (section 6.1).
    ``webhook_retries``: how often a webhook is tried again (row 16).
    ``webhook_timestamps``: whether signatures carry the time of the fake's clock or the real one;
    ``auto`` takes a manual clock's own and else the real.
    ``validate``: whether inputs of known models are checked as the model would.
    """

    subpath: Subpath = "accept"
    response_suffix: bool = False
    reads_after_cancel: ReadsAfterCancel = "completed"
    error_in_status: bool = True
    cancel_answer: Literal["status", "success"] = "status"
    keys: Literal["any", "strict"] = "any"
    profile: str = DEFAULT_PERIOD
    validate: bool = True
    webhook_retries: Literal[31, 10] = 31
    webhook_timestamps: Literal["auto", "clock", "real"] = "auto"
