"""The streams of openrouter/router and of its OpenAI-compatible endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.protocol.llm.completion import Cuts
from fakefal.scenario.compiled.reply import Pacing, Plan, Spoken
from fakefal.scenario.render.outcome import pieces_of, without

_JSON_PIECES = re.compile(r"[^,:{}\[\]]*[,:{}\[\]]+|[^,:{}\[\]]+")


def speech_events(plan: Plan, spoken: Spoken, variables: dict[str, Any]) -> Iterator[Json]:
    """The events of a stream, as far as its reply lets them come."""
    events = spoken.form.in_order(_paced(plan, spoken, variables))
    if plan.omitted:
        return (without(it, plan.omitted) if isinstance(it, dict) else it for it in events)
    return events


def _paced(plan: Plan, spoken: Spoken, variables: dict[str, Any]) -> Iterator[Json]:
    pacing = plan.pacing
    if pacing.broken is not None:
        after, error = pacing.broken
        last: Json = None
        for event in islice(_all(plan, spoken, variables), after):
            last = event
            yield event
        yield spoken.form.broken(error, last)
    else:
        yield from _all(plan, spoken, variables, closes=pacing.is_finished)


def _all(
    plan: Plan, spoken: Spoken, variables: dict[str, Any], *, closes: bool = True
) -> Iterator[Json]:
    """Listed events come as they are; a router's output follows them if the reply has one."""
    if plan.pacing.events is not None:
        yield from plan.pacing.events.render(variables)
        closes = closes and spoken.ends_listed
    else:
        yield from spoken.form.growing(spoken.speech, _cuts(plan.pacing))
    if closes:
        yield from spoken.form.closing(spoken.speech)


def _cuts(pacing: Pacing) -> Cuts:
    """How the parts of an answer are cut. Chunks that are listed cut the text alone."""
    cut = partial(pieces_of, pacing=pacing)
    if pacing.chunks is None:
        by_value = pacing.by == "word" and pacing.count is None
        return Cuts(cut, cut, _values if by_value else cut)
    return Cuts(cut, lambda text: [text], _values)


def _values(text: str) -> list[str]:
    """JSON cut where its values end."""
    return _JSON_PIECES.findall(text) or [text]
