"""Replies made ready: templates parsed, steps, pacing and faults worked out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from fakefal.protocol.errors.catalog import find_entry, names_call, outcome_of
from fakefal.protocol.errors.fault import Cut, Drip
from fakefal.scenario.compiled.faults import compile_faults
from fakefal.scenario.compiled.reply import Failing, Meter, Pacing, Path, Plan, Retrying
from fakefal.scenario.compiled.socket_script import compile_script
from fakefal.scenario.compiled.timeline import DEFAULT_TIMELINE, State, Step, StepLog
from fakefal.scenario.compiled.webhooks import compile_webhook
from fakefal.scenario.compiled.workflows import without_workflow
from fakefal.scenario.media.assets import Asset
from fakefal.scenario.media.file_refs import compile_media
from fakefal.scenario.model.failure import FailSpec, spelled_failure
from fakefal.scenario.model.scenario import Reply, RetriesSpec
from fakefal.scenario.model.timeline import StepDetail, StepEntry, StreamSpec
from fakefal.scenario.presets.registry import OUTCOMES, merge, reply_data
from fakefal.scenario.templates.templates import TemplateError, Value, compile_value


def compile_reply(
    reply: Reply, path: Path = (), assets: Mapping[str, Asset] = MappingProxyType({})
) -> Plan:
    """Make a reply ready; raises TemplateError for a template that cannot be read.

    ``assets`` are the files that it may refer to, by the names that it uses.
    """
    reply, workflow = without_workflow(expanded(reply))
    pacing = _pacing(reply.stream, path)
    if workflow is not None:
        pacing = replace(pacing, waits=workflow.waits)
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
        run_seconds=_seconds(steps, "IN_PROGRESS"),
        start_seconds=_seconds(steps, "IN_QUEUE"),
        is_default_timeline=reply.timeline is None,
        faults=compile_faults(reply.faults),
        cancel=reply.cancel,
        retrying=_retrying(reply.retries),
        keep_seconds=reply.keep,
        omitted=tuple(reply.omit or ()),
        webhook=None if reply.webhook is None else compile_webhook(reply.webhook),
        media=compile_media(reply, path, assets, is_shared=workflow is not None),
        is_open=_is_open(reply),
        tool_calls=_tool_calls(reply, path),
        finish=reply.finish_reason,
        meter=Meter() if reply.usage is None else Meter(**reply.usage.model_dump()),
        fails_literally=isinstance(reply.fail, FailSpec) and "body" in reply.fail.model_fields_set,
        workflow=workflow,
        script=compile_script(reply, path),
        ends_session=reply.realtime is not None and reply.realtime.end,
        timing_seconds=None if reply.realtime is None else reply.realtime.timing,
        request_id=reply.request_id,
    )


def _is_open(reply: Reply) -> bool:
    """Whether a reply leaves to the endpoint what it is of."""
    told = (
        *(reply.text, reply.error, reply.fail, reply.tool_calls),
        *(reply.frames, reply.on_message),
    )
    is_told = any(it is not None for it in told)
    stream = reply.stream
    is_listed = stream is not None and (stream.chunks is not None or stream.events is not None)
    return not is_told and not is_listed and "output" not in reply.model_fields_set


def _seconds(steps: tuple[Step, ...], state: State) -> float:
    """How long the steps of a state last by time alone."""
    return sum(math.inf if it.forever else it.seconds for it in steps if it.state == state)


def _retrying(spec: RetriesSpec | None) -> Retrying | None:
    if spec is None or spec.times == 0:
        return None
    entry = find_entry(spec.after)
    assert entry is not None, spec.after
    return Retrying(spec.times, entry)


_ENDS = frozenset(("text", "error", "output", "fail", "kind", "tool_calls", "workflow", "frames"))
"""What says how a call ends, in place of what a preset says."""


def expanded(reply: Reply) -> Reply:
    """A reply with what its presets stand for; what it says itself goes before."""
    if not reply.preset:
        return reply
    own = reply.model_dump(by_alias=True, exclude_unset=True, exclude={"preset"})
    data = reply_data(reply.preset)
    if _ENDS & own.keys():
        data = {key: value for key, value in data.items() if key not in OUTCOMES}
    merge(data, own)
    return Reply.model_validate(data)


def _text(reply: Reply, path: Path) -> Value | None:
    """The text of a reply: written, or that of its chunks, which hold no templates."""
    if reply.text is not None:
        return compile_value(reply.text, (*path, "text"))
    chunks = None if reply.stream is None else reply.stream.chunks
    if chunks is not None and "output" not in reply.model_fields_set:
        return Value("".join(chunks), True, (*path, "stream", "chunks"))
    return Value("", True) if reply.error is not None or reply.tool_calls else None


def _tool_calls(reply: Reply, path: Path) -> Value | None:
    if reply.tool_calls is None:
        return None
    calls = [call.model_dump(exclude_unset=True) for call in reply.tool_calls]
    return compile_value(calls, (*path, "tool_calls"))


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
        *_trouble(spec),
        tuple(spec.waits or ()),
    )


_Trouble = tuple[Cut | None, tuple[int, str] | None, tuple[int, float] | None, Drip | None, bool]


def _trouble(spec: StreamSpec) -> _Trouble:
    """What goes wrong with a stream, in the order of the fields of Pacing."""
    cut, broken = None, None
    if spec.cut is not None:
        if spec.cut.how == "error":
            broken = (spec.cut.after, spec.cut.error)
        else:
            seconds = math.inf if spec.cut.for_ is None else spec.cut.for_
            cut = Cut(spec.cut.how, "body", events=spec.cut.after, seconds=seconds)
    stalled = None if spec.stall is None else (spec.stall.after, spec.stall.for_)
    slices = None if spec.slice is None else Drip(spec.slice, 0.0)
    return cut, broken, stalled, slices, spec.final


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
        if names_call(entry):
            return lambda call, _: outcome_of(entry, app=call.app, path=f"/{call.path}")
        known = outcome_of(entry)
        return lambda _, __: known
    value = compile_value(fail.model_dump(by_alias=True, exclude_unset=True), (*path, "fail"))
    if value.is_static:
        spelled = spelled_failure(fail)
        return lambda _, __: spelled
    return lambda _, variables: spelled_failure(_rendered(value, variables))


def _rendered(value: Value, variables: dict[str, Any]) -> FailSpec:
    try:
        return FailSpec.model_validate(value.render(variables))
    except ValidationError as error:
        found = error.errors()[0]
        where = ".".join(str(part) for part in found["loc"])
        raise TemplateError(value.path, f"fail.{where}: {found['msg']}") from None
