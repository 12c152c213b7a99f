"""Per-job overrides of the default behaviour."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fakefal.scenario.compiled.reply import CancelMode

if TYPE_CHECKING:
    from fakefal.scenario.compiled.faults import FaultsByOperation


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What a reply, an app or the caller changed for one job.

    ``start_deadline`` is the instant by which it must start, ``max_run_seconds`` how long it may
    run. ``attempt_starts`` are the steps at which a new attempt begins. ``result_ttl_seconds`` None
    means that the retention rules apply (``retention.py``).
    """

    start_deadline: float = math.inf
    max_run_seconds: float = math.inf
    cancel: CancelMode = "ignored"
    attempt_starts: tuple[int, ...] = ()
    is_low_priority: bool = False
    result_ttl_seconds: float | None = None
    faults: FaultsByOperation | None = None


DEFAULT_JOB_OPTIONS = JobOptions()
"""Compared by identity: jobs with these options skip the checks of limits."""
