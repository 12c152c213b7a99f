"""Checks of patterns, templates, ids and timelines; the other checks are called from here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fakefal.errors import ScenarioProblem
from fakefal.scenario.files.checks.faults import check_reply_faults, check_scenario_faults
from fakefal.scenario.files.checks.routes import check_routes
from fakefal.scenario.files.checks.sockets import check_sockets
from fakefal.scenario.files.checks.webhooks import check_webhooks
from fakefal.scenario.files.source import Path, Source
from fakefal.scenario.matching.condition import compile_endpoint
from fakefal.scenario.matching.matchers import PatternError
from fakefal.scenario.matching.operators import compile_pattern
from fakefal.scenario.templates.templates import TemplateError, compile_value, has_template

_TEMPLATED = ("text", "reasoning", "error", "output", "fail", "headers", "tool_calls")


def check_semantics(source: Source) -> Iterator[ScenarioProblem]:
    """All problems that the models do not find.

    It runs before the models have validated the data, so it must accept any JSON.
    """
    yield from check_scenario_faults(source)
    yield from check_routes(source)
    exchanges = source.data.get("exchanges") if isinstance(source.data, dict) else None
    if not isinstance(exchanges, list):
        return
    seen: dict[str, int] = {}
    for index, exchange in enumerate(exchanges):
        if not isinstance(exchange, dict):
            continue
        path: Path = ("exchanges", index)
        when = exchange.get("when")
        yield from _check_id(source, exchange.get("id"), (*path, "id"), seen)
        yield from _check_when(source, when, (*path, "when"))
        for reply_path, reply in _replies(exchange, path):
            yield from _check_reply(source, reply, reply_path)
            yield from check_reply_faults(source, when, reply, reply_path)
            yield from check_sockets(source, when, reply, reply_path)
    yield from check_webhooks(source, exchanges)


def _replies(exchange: dict[str, Any], path: Path) -> Iterator[tuple[Path, Any]]:
    yield (*path, "reply"), exchange.get("reply")
    replies = exchange.get("replies")
    for number, reply in enumerate(replies if isinstance(replies, list) else ()):
        yield (*path, "replies", number), reply


def _check_id(
    source: Source, name: Any, path: Path, seen: dict[str, int]
) -> Iterator[ScenarioProblem]:
    if not isinstance(name, str):
        return
    if name in seen:
        message = f'the id "{name}" is already used (line {seen[name]})'
        yield source.problem(path, message, "give each exchange its own id")
    seen.setdefault(name, source.position(path)[0])


def _check_when(source: Source, when: Any, path: Path) -> Iterator[ScenarioProblem]:
    if not isinstance(when, dict):
        return
    endpoint = when.get("endpoint")
    endpoints: list[tuple[Any, Path]] = [(endpoint, (*path, "endpoint"))]
    if isinstance(endpoint, list):
        endpoints = [(name, (*path, "endpoint", index)) for index, name in enumerate(endpoint)]
    for name, problem_path in endpoints:
        if isinstance(name, str):
            try:
                compile_endpoint(name)
            except PatternError as error:
                yield source.problem(problem_path, error.message, error.suggestion)
    patterns: list[tuple[str, ...]] = [("input",)] if "input" in when else []
    headers = when.get("headers")
    if isinstance(headers, dict):
        patterns += [("headers", name) for name in headers]
    for inner in patterns:
        value: Any = when
        for part in inner:
            value = value[part]
        try:
            compile_pattern(value)
        except PatternError as error:
            problem_path = (*path, *inner, *error.path)
            yield source.problem(
                problem_path, error.message, error.suggestion, key=_is_operator(error)
            )


def _is_operator(error: PatternError) -> bool:
    return error.message.startswith("unknown operator")


def _check_reply(source: Source, reply: Any, path: Path) -> Iterator[ScenarioProblem]:
    if not isinstance(reply, dict):
        return
    for name in _TEMPLATED:
        if name in reply:
            yield from _check_template(source, reply[name], (*path, name))
    yield from _check_workflow(source, reply.get("workflow"), (*path, "workflow"))
    stream = reply.get("stream")
    if isinstance(stream, dict):
        if "events" in stream:
            yield from _check_template(source, stream["events"], (*path, "stream", "events"))
        yield from _check_chunks(source, reply.get("text"), stream.get("chunks"), path)
    timeline = reply.get("timeline")
    if isinstance(timeline, list):
        yield from _check_forever(source, timeline, (*path, "timeline"))


def _check_workflow(source: Source, workflow: Any, path: Path) -> Iterator[ScenarioProblem]:
    if not isinstance(workflow, dict):
        return
    if "output" in workflow:
        yield from _check_template(source, workflow["output"], (*path, "output"))
    nodes = workflow.get("nodes")
    for number, node in enumerate(nodes if isinstance(nodes, list) else ()):
        for name in ("output", "text", "fail"):
            if isinstance(node, dict) and name in node:
                yield from _check_template(source, node[name], (*path, "nodes", number, name))


def _check_template(source: Source, value: Any, path: Path) -> Iterator[ScenarioProblem]:
    try:
        compile_value(value, path)
    except TemplateError as error:
        yield source.problem(error.path, error.message, error.suggestion)


def _check_chunks(source: Source, text: Any, chunks: Any, path: Path) -> Iterator[ScenarioProblem]:
    if not isinstance(text, str) or not isinstance(chunks, list):
        return
    where = (*path, "stream", "chunks")
    if has_template(text):
        message = "chunks cannot be used with a text that has a template"
        yield source.problem(where, message, "write stream: {by: word}, or {count: 5}")
    elif all(isinstance(chunk, str) for chunk in chunks) and "".join(chunks) != text:
        yield source.problem(where, "the joined chunks differ from text", "leave text out")


def _check_forever(source: Source, timeline: list[Any], path: Path) -> Iterator[ScenarioProblem]:
    for index, step in enumerate(timeline):
        detail = next(iter(step.values()), None) if isinstance(step, dict) else None
        if not isinstance(detail, dict) or detail.get("forever") is not True:
            continue
        where: Path = (*path, index, next(iter(step)))
        limits = [name for name in ("polls", "for") if name in detail]
        if limits:
            message = f"{limits[0]} has no effect with forever"
            yield source.problem((*where, limits[0]), message, "keep one of them")
        if index < len(timeline) - 1:
            message = "the steps after one with forever are never reached"
            yield source.problem((*path, index + 1), message, "remove them")
