"""Stream events of openrouter/router and of its OpenAI-compatible endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.protocol.llm.completion import Chunkers
from fakefal.scenario.compiled.reply import CompiledReply, LlmCompletion, Pacing
from fakefal.scenario.render.chunking import omit_from_events, split_text

_JSON_PIECES = re.compile(r"[^,:{}\[\]]*[,:{}\[\]]+|[^,:{}\[\]]+")


def llm_stream_events(
    reply: CompiledReply, llm_completion: LlmCompletion, variables: dict[str, Any]
) -> Iterator[Json]:
    """The events of a stream that succeeds, up to where the reply cuts it."""
    events = llm_completion.response_format.number_events(_paced(reply, llm_completion, variables))
    if reply.omit_fields:
        return omit_from_events(events, reply.omit_fields)
    return events


def _paced(
    reply: CompiledReply, llm_completion: LlmCompletion, variables: dict[str, Any]
) -> Iterator[Json]:
    pacing = reply.pacing
    if pacing.error_after is not None:
        after, error = pacing.error_after
        last: Json = None
        for event in islice(_all_events(reply, llm_completion, variables), after):
            last = event
            yield event
        yield llm_completion.response_format.error_event(error, last)
    else:
        yield from _all_events(reply, llm_completion, variables, closes=pacing.has_final_event)


def _all_events(
    reply: CompiledReply,
    llm_completion: LlmCompletion,
    variables: dict[str, Any],
    *,
    closes: bool = True,
) -> Iterator[Json]:
    """Listed events are sent unchanged; a router's output follows them if the reply has one."""
    if reply.pacing.events is not None:
        yield from reply.pacing.events.render(variables)
        closes = closes and llm_completion.follows_listed_events
    else:
        yield from llm_completion.response_format.content_events(
            llm_completion.completion, _chunkers(reply.pacing)
        )
    if closes:
        yield from llm_completion.response_format.final_events(llm_completion.completion)


def _chunkers(pacing: Pacing) -> Chunkers:
    """How text, reasoning and tool arguments are split. Listed chunks split the text only."""
    split = partial(split_text, pacing=pacing)
    if pacing.chunks is None:
        by_value = pacing.by == "word" and pacing.count is None
        return Chunkers(split, split, _json_pieces if by_value else split)
    return Chunkers(split, lambda text: [text], _json_pieces)


def _json_pieces(text: str) -> list[str]:
    """JSON split after each key and value."""
    return _JSON_PIECES.findall(text) or [text]
