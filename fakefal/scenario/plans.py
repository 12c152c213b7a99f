"""A reply made ready: templates parsed, steps and pacing worked out, nothing left to look up."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from fakefal.protocol.anyllm import OutputShape
from fakefal.protocol.call import Outcome
from fakefal.protocol.catalogue import find_entry, outcome_of
from fakefal.protocol.errors import ErrorEntry, failure, model_error, request_error
from fakefal.scenario.placing import MediaPlan, compile_media
from fakefal.scenario.render import TemplateError, Value, compile_value
from fakefal.scenario.timeline import DEFAULT_TIMELINE, State, Step, StepLog

if TYPE_CHECKING:
    from fakefal.scenario.assets import Asset
    from fakefal.scenario.failing import FailSpec
    from fakefal.scenario.models import Reply
    from fakefal.scenario.pacing import StepDetail, StepEntry, StreamSpec

Path = tuple[str | int, ...]

Failing = Callable[[str, dict[str, Any]], Outcome]
"""How a scripted failure is made, from the app's alias and the template variables."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """How a stream is cut, and its waits in seconds."""

    by: Literal["word", "char", "line"] = "word"
    count: int | None = None
    chunks: tuple[str, ...] | None = None
    events: Value | None = None
    first_seconds: float = 0.0
    every_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ends. ``text`` and ``reasoning`` are a language model's, for its stream."""

    outcome: Outcome
    shape: OutputShape
    text: str | None = None
    reasoning: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A reply as the engine uses it.

    None of ``text``, ``output`` and ``fail`` set means a generated output; ``is_open`` says that
    the endpoint decides of what kind, where ``media`` does not. ``run_seconds`` is how long a
    direct run takes. What no template changes is kept, by the code of the shape it was asked in:
    ``known`` outputs, and the encoded events of ``streams``.
    """

    text: Value | None = None
    reasoning: Value | None = None
    error: Value | None = None
    output: Value | None = None
    fail: Failing | None = None
    steps: tuple[Step, ...] = DEFAULT_TIMELINE
    pacing: Pacing = Pacing()
    headers: Value | None = None
    inference_seconds: float | None = None
    billable_units: float | None = None
    run_seconds: float = 0.0
    media: MediaPlan | None = None
    is_open: bool = False
    streams: dict[int, list[bytes]] = field(default_factory=dict, compare=False, repr=False)
    known: dict[int, Ending] = field(default_factory=dict, compare=False, repr=False)


GENERATED = Plan(is_open=True)
"""What a call gets that no exchange matches, where misses are answered."""


def compile_reply(
    reply: Reply, path: Path = (), assets: Mapping[str, Asset] = MappingProxyType({})
) -> Plan:
    """Make a reply ready; raises TemplateError for a template that cannot be read.

    ``assets`` are the files that it may refer to, by the names that it uses.
    """
    pacing = _pacing(reply.stream, path)
    steps = DEFAULT_TIMELINE if reply.timeline is None else tuple(map(_step, reply.timeline))

    def value(name: str, raw: Any) -> Value | None:
        return None if raw is None else compile_value(raw, (*path, name))

    return Plan(
        text=_text(reply, path),
        reasoning=value("reasoning", reply.reasoning),
        error=value("error", reply.error),
        output=compile_value(reply.output, (*path, "output"))
        if "output" in reply.model_fields_set
        else None,
        fail=_failing(reply, path),
        steps=steps,
        pacing=pacing,
        headers=value("headers", reply.headers or None),
        inference_seconds=reply.inference_time,
        billable_units=reply.billable_units,
        run_seconds=sum(
            math.inf if step.forever else step.seconds
            for step in steps
            if step.state == "IN_PROGRESS"
        ),
        media=compile_media(reply, path, assets),
        is_open=reply.text is None
        and reply.error is None
        and reply.fail is None
        and "output" not in reply.model_fields_set
        and (reply.stream is None or (reply.stream.chunks is None and reply.stream.events is None)),
    )


def _text(reply: Reply, path: Path) -> Value | None:
    """The text of a reply: written, or that of its chunks, which hold no templates."""
    if reply.text is not None:
        return compile_value(reply.text, (*path, "text"))
    chunks = None if reply.stream is None else reply.stream.chunks
    if chunks is not None and "output" not in reply.model_fields_set:
        return Value("".join(chunks), True, (*path, "stream", "chunks"))
    return None if reply.error is None else Value("", True)


def _pacing(spec: StreamSpec | None, path: Path) -> Pacing:
    if spec is None:
        return Pacing()
    events = None
    if spec.events is not None:
        events = compile_value(spec.events, (*path, "stream", "events"))
    return Pacing(
        spec.by or "word",
        spec.count,
        None if spec.chunks is None else tuple(spec.chunks),
        events,
        spec.first or 0.0,
        spec.every or 0.0,
    )


def _step(entry: StepEntry) -> Step:
    if isinstance(entry, str):
        return Step(entry, polls=1, position=0 if entry == "IN_QUEUE" else None)
    if entry.IN_QUEUE is not None:
        position = entry.IN_QUEUE.position
        return _detailed("IN_QUEUE", entry.IN_QUEUE, 0 if position is None else position)
    assert entry.IN_PROGRESS is not None
    return _detailed("IN_PROGRESS", entry.IN_PROGRESS, None)


def _detailed(state: State, detail: StepDetail, position: int | None) -> Step:
    polls = detail.polls
    if polls is None:
        polls = 0 if detail.for_ is not None else 1
    logs = tuple(
        StepLog(log.message, log.level, log.source, tuple(log.labels.items()))
        for log in detail.logs
    )
    return Step(state, polls, detail.for_ or 0.0, position, logs, detail.forever)


def _failing(reply: Reply, path: Path) -> Failing | None:
    fail = reply.fail
    if fail is None:
        return None
    if isinstance(fail, str):
        entry = find_entry(fail)
        assert entry is not None
        if entry.kind == "routing":
            return lambda alias, _: outcome_of(entry, alias)
        known = outcome_of(entry)
        return lambda _, __: known
    value = compile_value(fail.model_dump(by_alias=True, exclude_unset=True), (*path, "fail"))
    if value.is_static:
        spelled = _spelled(fail)
        return lambda _, __: spelled
    return lambda _, variables: _spelled(_rendered(value, variables))


def _rendered(value: Value, variables: dict[str, Any]) -> FailSpec:
    from pydantic import ValidationError

    from fakefal.scenario.failing import FailSpec

    try:
        return FailSpec.model_validate(value.render(variables))
    except ValidationError as error:
        found = error.errors()[0]
        where = ".".join(str(part) for part in found["loc"])
        raise TemplateError(value.path, f"fail.{where}: {found['msg']}") from None


def _spelled(fail: FailSpec) -> Outcome:
    headers = tuple(fail.headers.items())
    if fail.type is not None:
        entry = find_entry(fail.type)
        if entry is None or entry.kind != "model":
            entry = ErrorEntry(fail.type, "model", 422, fail.type, "scenario", "inferred")
        return model_error(
            entry,
            message=fail.msg,
            loc=tuple(fail.loc) if fail.loc is not None else ("body",),
            context=fail.ctx,
            status=fail.status,
            extra={"input": fail.input} if "input" in fail.model_fields_set else None,
            headers=headers,
        )
    if fail.error_type is not None:
        entry = find_entry(fail.error_type)
        if entry is None or entry.kind != "request":
            status = fail.status or 500
            entry = ErrorEntry(
                fail.error_type, "request", status, fail.error_type, "scenario", "inferred"
            )
        return request_error(entry, detail=fail.detail, status=fail.status, headers=headers)
    assert fail.status is not None
    body = fail.body
    if "body" not in fail.model_fields_set:
        body = {"detail": fail.detail if fail.detail is not None else fail.msg or "Error"}
    return failure(fail.status, body, headers=headers)
