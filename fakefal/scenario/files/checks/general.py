"""What a scenario can have wrong beyond its shape: patterns, templates, names used twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fakefal.errors import Mistake
from fakefal.scenario.files.checks.faults import check_circumstances, check_troubles
from fakefal.scenario.files.checks.sockets import check_sockets
from fakefal.scenario.files.checks.webhooks import check_webhooks
from fakefal.scenario.files.source import Path, Source
from fakefal.scenario.matching.condition import compile_endpoint
from fakefal.scenario.matching.matchers import PatternError
from fakefal.scenario.matching.operators import compile_pattern
from fakefal.scenario.templates.templates import TemplateError, compile_value, has_template

_TEMPLATED = ("text", "reasoning", "error", "output", "fail", "headers", "tool_calls")


def check_meaning(source: Source) -> Iterator[Mistake]:
    """The mistakes of a file whose shape may be wrong as well: it looks only at what is there."""
    yield from check_circumstances(source)
    exchanges = source.data.get("exchanges") if isinstance(source.data, dict) else None
    if not isinstance(exchanges, list):
        return
    seen: dict[str, int] = {}
    for index, exchange in enumerate(exchanges):
        if not isinstance(exchange, dict):
            continue
        path: Path = ("exchanges", index)
        when = exchange.get("when")
        yield from _name(source, exchange.get("id"), (*path, "id"), seen)
        yield from _when(source, when, (*path, "when"))
        for place, reply in _replies(exchange, path):
            yield from _reply(source, reply, place)
            yield from check_troubles(source, when, reply, place)
            yield from check_sockets(source, when, reply, place)
    yield from check_webhooks(source, exchanges)


def _replies(exchange: dict[str, Any], path: Path) -> Iterator[tuple[Path, Any]]:
    yield (*path, "reply"), exchange.get("reply")
    replies = exchange.get("replies")
    for number, reply in enumerate(replies if isinstance(replies, list) else ()):
        yield (*path, "replies", number), reply


def _name(source: Source, name: Any, path: Path, seen: dict[str, int]) -> Iterator[Mistake]:
    if not isinstance(name, str):
        return
    if name in seen:
        what = f'the id "{name}" is taken (line {seen[name]})'
        yield source.mistake(path, what, "give each exchange its own")
    seen.setdefault(name, source.place(path)[0])


def _when(source: Source, when: Any, path: Path) -> Iterator[Mistake]:
    if not isinstance(when, dict):
        return
    endpoint = when.get("endpoint")
    given: list[tuple[Any, Path]] = [(endpoint, (*path, "endpoint"))]
    if isinstance(endpoint, list):
        given = [(name, (*path, "endpoint", index)) for index, name in enumerate(endpoint)]
    for name, where in given:
        if isinstance(name, str):
            try:
                compile_endpoint(name)
            except PatternError as error:
                yield source.mistake(where, error.what, error.right)
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
            where = (*path, *inner, *error.path)
            yield source.mistake(where, error.what, error.right, key=_is_operator(error))


def _is_operator(error: PatternError) -> bool:
    return error.what.startswith("unknown operator")


def _reply(source: Source, reply: Any, path: Path) -> Iterator[Mistake]:
    if not isinstance(reply, dict):
        return
    for name in _TEMPLATED:
        if name in reply:
            yield from _template(source, reply[name], (*path, name))
    yield from _workflow(source, reply.get("workflow"), (*path, "workflow"))
    stream = reply.get("stream")
    if isinstance(stream, dict):
        if "events" in stream:
            yield from _template(source, stream["events"], (*path, "stream", "events"))
        yield from _chunks(source, reply.get("text"), stream.get("chunks"), path)
    timeline = reply.get("timeline")
    if isinstance(timeline, list):
        yield from _forever(source, timeline, (*path, "timeline"))


def _workflow(source: Source, workflow: Any, path: Path) -> Iterator[Mistake]:
    if not isinstance(workflow, dict):
        return
    if "output" in workflow:
        yield from _template(source, workflow["output"], (*path, "output"))
    nodes = workflow.get("nodes")
    for number, node in enumerate(nodes if isinstance(nodes, list) else ()):
        for name in ("output", "text", "fail"):
            if isinstance(node, dict) and name in node:
                yield from _template(source, node[name], (*path, "nodes", number, name))


def _template(source: Source, value: Any, path: Path) -> Iterator[Mistake]:
    try:
        compile_value(value, path)
    except TemplateError as error:
        yield source.mistake(error.path, error.what, error.right)


def _chunks(source: Source, text: Any, chunks: Any, path: Path) -> Iterator[Mistake]:
    if not isinstance(text, str) or not isinstance(chunks, list):
        return
    where = (*path, "stream", "chunks")
    if has_template(text):
        what = "chunks are plain text, but the text has a template"
        yield source.mistake(where, what, "write stream: {by: word}, or {count: 5}")
    elif all(isinstance(chunk, str) for chunk in chunks) and "".join(chunks) != text:
        yield source.mistake(where, "the chunks joined are not the text", "leave text out")


def _forever(source: Source, timeline: list[Any], path: Path) -> Iterator[Mistake]:
    for index, step in enumerate(timeline):
        detail = next(iter(step.values()), None) if isinstance(step, dict) else None
        if not isinstance(detail, dict) or detail.get("forever") is not True:
            continue
        where: Path = (*path, index, next(iter(step)))
        limits = [name for name in ("polls", "for") if name in detail]
        if limits:
            what = f"{limits[0]} does nothing beside forever"
            yield source.mistake((*where, limits[0]), what, "keep one of them")
        if index < len(timeline) - 1:
            what = "the steps after a step that lasts forever are never reached"
            yield source.mistake((*path, index + 1), what, "remove them")
