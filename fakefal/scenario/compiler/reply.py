"""Compiles a reply: parses its templates, and turns its fields into what the engine reads."""

from __future__ import annotations

import math
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from fakefal.protocol.errors.catalog import find_error
from fakefal.protocol.errors.fault import Cut, SlowBody
from fakefal.protocol.storage.storage import DEFAULT_CONTENT_TYPE
from fakefal.scenario.compiled.reply import (
    CompiledReply,
    Pacing,
    Path,
    RawBody,
    RunnerRetries,
    UsageOverride,
)
from fakefal.scenario.compiled.timeline import DEFAULT_TIMELINE, State, Step, StepLog
from fakefal.scenario.compiled.workflows import Workflow
from fakefal.scenario.compiler.failure import billable_units_of, failure_factory
from fakefal.scenario.compiler.faults import compile_faults
from fakefal.scenario.compiler.media import compile_media
from fakefal.scenario.compiler.socket_script import compile_script
from fakefal.scenario.compiler.webhooks import compile_webhook
from fakefal.scenario.compiler.workflows import without_workflow
from fakefal.scenario.media.assets import Asset
from fakefal.scenario.model.failure import FailSpec
from fakefal.scenario.model.reply import Reply, RetriesSpec
from fakefal.scenario.model.timeline import StepDetail, StepEntry, StreamSpec
from fakefal.scenario.templates.templates import TemplateError, TemplateValue, compile_value


def compile_reply(
    reply: Reply, path: Path = (), assets: Mapping[str, Asset] = MappingProxyType({})
) -> CompiledReply:
    """Raises TemplateError or PatternError with a path that begins with ``path``.

    ``assets`` are the files that it may refer to, by name.
    """
    reply, workflow = without_workflow(reply.with_presets())
    pacing = _with_waits(_pacing(reply.stream, path), workflow)
    timeline = DEFAULT_TIMELINE if reply.timeline is None else tuple(map(_step, reply.timeline))

    def value(name: str, raw: Any) -> TemplateValue | None:
        return None if raw is None else compile_value(raw, (*path, name))

    return CompiledReply(
        text=_text(reply, path),
        reasoning=value("reasoning", reply.reasoning),
        error=value("error", reply.error),
        output=_output(reply, path),
        raw=_raw_body(reply, path, assets),
        fail=failure_factory(reply, path),
        timeline=timeline,
        pacing=pacing,
        headers=value("headers", reply.headers or None),
        inference_seconds=reply.inference_time,
        billable_units=billable_units_of(reply),
        error_in_status=reply.error_in_status,
        run_seconds=_seconds(timeline, "IN_PROGRESS"),
        start_seconds=_seconds(timeline, "IN_QUEUE"),
        has_default_timeline=reply.timeline is None,
        faults=compile_faults(reply.faults),
        cancel=reply.cancel,
        runner_retries=_runner_retries(reply.retries),
        result_ttl_seconds=reply.result_ttl,
        omit_fields=tuple(reply.omit_fields or ()),
        webhook=None if reply.webhook is None else compile_webhook(reply.webhook),
        media=compile_media(reply, path, assets, is_shared=workflow is not None),
        is_endpoint_default=_is_endpoint_default(reply),
        tool_calls=_tool_calls(reply, path),
        finish_reason=reply.finish_reason,
        usage=UsageOverride() if reply.usage is None else UsageOverride(**reply.usage.model_dump()),
        is_failure_literal=_is_failure_literal(reply),
        workflow=workflow,
        script=compile_script(reply, path),
        ends_session=reply.realtime is not None and reply.realtime.end,
        timing_seconds=None if reply.realtime is None else reply.realtime.timing,
        request_id=reply.request_id,
    )


def _output(reply: Reply, path: Path) -> TemplateValue | None:
    if "output" not in reply.model_fields_set:
        return None
    return compile_value(reply.output, (*path, "output"))


def _raw_body(reply: Reply, path: Path, assets: Mapping[str, Asset]) -> RawBody | None:
    if reply.base64 is not None:
        content_type = reply.content_type or DEFAULT_CONTENT_TYPE
        try:
            return RawBody(b64decode(reply.base64, validate=True), content_type)
        except ValueError:
            raise TemplateError((*path, "base64"), "is not base64", "write no template") from None
    if reply.file is None:
        return None
    asset = assets.get(reply.file)
    if asset is None:
        raise TemplateError((*path, "file"), f'there is no file "{reply.file}"', "check its name")
    return RawBody(asset.data, reply.content_type or asset.content_type)


def _with_waits(pacing: Pacing, workflow: Workflow | None) -> Pacing:
    return pacing if workflow is None else replace(pacing, waits=workflow.waits)


def _is_failure_literal(reply: Reply) -> bool:
    return isinstance(reply.fail, FailSpec) and "body" in reply.fail.model_fields_set


def _is_endpoint_default(reply: Reply) -> bool:
    """Whether the reply says nothing of its output, so that the endpoint decides its kind."""
    outcome_fields = (
        *(reply.text, reply.error, reply.fail, reply.tool_calls, reply.base64, reply.file),
        *(reply.frames, reply.on_message),
    )
    has_outcome = any(field is not None for field in outcome_fields)
    stream = reply.stream
    is_listed = stream is not None and (stream.chunks is not None or stream.events is not None)
    return not has_outcome and not is_listed and "output" not in reply.model_fields_set


def _seconds(timeline: tuple[Step, ...], state: State) -> float:
    """How long the steps of a state last, if no polls are waited for."""
    return sum(
        math.inf if step.forever else step.seconds for step in timeline if step.state == state
    )


def _runner_retries(spec: RetriesSpec | None) -> RunnerRetries | None:
    if spec is None or spec.times == 0:
        return None
    error = find_error(spec.after)
    assert error is not None, spec.after
    return RunnerRetries(spec.times, error)


def _text(reply: Reply, path: Path) -> TemplateValue | None:
    """The text of a reply, or of its stream's chunks, in which braces are not templates."""
    if reply.text is not None:
        return compile_value(reply.text, (*path, "text"))
    chunks = None if reply.stream is None else reply.stream.chunks
    if chunks is not None and "output" not in reply.model_fields_set:
        return TemplateValue("".join(chunks), True, (*path, "stream", "chunks"))
    return TemplateValue("", True) if reply.error is not None or reply.tool_calls else None


def _tool_calls(reply: Reply, path: Path) -> TemplateValue | None:
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
        *_stream_faults(spec),
        tuple(spec.waits or ()),
    )


_StreamFaults = tuple[
    Cut | None, tuple[int, str] | None, tuple[int, float] | None, SlowBody | None, bool
]


def _stream_faults(spec: StreamSpec) -> _StreamFaults:
    """The faults of a stream, in the order of the fields of Pacing."""
    cut, error_after = None, None
    if spec.cut is not None:
        if spec.cut.how == "error":
            error_after = (spec.cut.after, spec.cut.error)
        else:
            seconds = math.inf if spec.cut.for_ is None else spec.cut.for_
            cut = Cut(spec.cut.how, "body", event_count=spec.cut.after, stall_seconds=seconds)
    stall = None if spec.stall is None else (spec.stall.after, spec.stall.for_)
    slices = None if spec.slice is None else SlowBody(spec.slice, 0.0)
    return cut, error_after, stall, slices, spec.final


def _step(step: StepEntry) -> Step:
    if isinstance(step, str):
        return Step(step, polls=1, position=0 if step == "IN_QUEUE" else None)
    if step.IN_QUEUE is not None:
        position = step.IN_QUEUE.position
        return _step_from_detail("IN_QUEUE", step.IN_QUEUE, 0 if position is None else position)
    assert step.IN_PROGRESS is not None
    return _step_from_detail("IN_PROGRESS", step.IN_PROGRESS, None)


def _step_from_detail(state: State, detail: StepDetail, position: int | None) -> Step:
    polls = detail.polls
    if polls is None:
        polls = 0 if detail.for_ is not None else 1
    logs = tuple(
        StepLog(log.message, log.level, log.source, tuple(log.labels.items()), log.timestamp)
        for log in detail.logs
    )
    return Step(state, polls, detail.for_ or 0.0, position, logs, detail.forever)
