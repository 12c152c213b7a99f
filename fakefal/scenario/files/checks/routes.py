"""Checks of ``routes``: hosts, paths, patterns, templates, ids, and settings without effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fakefal.errors import ScenarioProblem
from fakefal.protocol.core.hosts import CANONICAL_HOSTS
from fakefal.scenario.files.source import Path, Source
from fakefal.scenario.matching.globs import Glob
from fakefal.scenario.matching.matchers import PatternError
from fakefal.scenario.matching.operators import compile_pattern
from fakefal.scenario.matching.route_condition import compile_route_path
from fakefal.scenario.model.defaults import similar_host
from fakefal.scenario.templates.templates import ROUTE_VARIABLES, TemplateError, compile_value

_TEMPLATED = ("json", "text", "base64", "headers", "fail")
_PATTERNS = ("json", "form", "body")


def check_routes(source: Source) -> Iterator[ScenarioProblem]:
    """The problems of routes that the models do not find; accepts any JSON."""
    data = source.data if isinstance(source.data, dict) else {}
    routes, hosts = data.get("routes"), data.get("hosts")
    if not isinstance(routes, list):
        return
    added = hosts if isinstance(hosts, (dict, list)) else ()
    names = [name.rstrip(".").lower() for name in added if isinstance(name, str)]
    seen: dict[str, int] = {}
    for index, route in enumerate(routes):
        if not isinstance(route, dict):
            continue
        path: Path = ("routes", index)
        yield from _check_id(source, route.get("id"), (*path, "id"), seen)
        when = route.get("when")
        if isinstance(when, dict):
            yield from _check_hosts(source, when.get("host"), (*path, "when", "host"), names)
            yield from _check_when(source, when, (*path, "when"))
        yield from _check_reply(source, route.get("reply"), (*path, "reply"))
        replies = route.get("replies")
        for number, reply in enumerate(replies if isinstance(replies, list) else ()):
            yield from _check_reply(source, reply, (*path, "replies", number))


def _check_id(
    source: Source, name: Any, path: Path, seen: dict[str, int]
) -> Iterator[ScenarioProblem]:
    if not isinstance(name, str):
        return
    if name in seen:
        message = f'the id "{name}" is already used (line {seen[name]})'
        yield source.problem(path, message, "give each route its own id")
    seen.setdefault(name, source.position(path)[0])


def _check_hosts(
    source: Source, host: Any, path: Path, added: list[str]
) -> Iterator[ScenarioProblem]:
    hosts = [(host, path)]
    if isinstance(host, list):
        hosts = [(name, (*path, index)) for index, name in enumerate(host)]
    for name, name_path in hosts:
        if isinstance(name, str) and (problem := host_problem(name, added)):
            yield source.problem(name_path, *problem)


def host_problem(host: str, added: list[str]) -> tuple[str, str] | None:
    """Why a route could never be asked for a host, and a suggestion; None if the fake serves it."""
    name = host.strip().rstrip(".").lower()
    served = [*CANONICAL_HOSTS, *added]
    if "*" in name or "?" in name:
        if any(map(Glob(name).matches, served)):
            return None
        return f'"{host}" matches no host that is served', "add the hosts under hosts"
    if name in served:
        return None
    similar = similar_host(name)
    suggestion = f'did you mean "{similar}"?' if similar else f"add hosts: {{{name}: up}}"
    return f'"{host}" is neither a host of fal nor under hosts', suggestion


def _check_when(source: Source, when: dict[str, Any], path: Path) -> Iterator[ScenarioProblem]:
    if isinstance(when.get("path"), str):
        try:
            compile_route_path(when["path"])
        except PatternError as error:
            yield source.problem((*path, "path"), error.message, error.suggestion)
    patterns: list[tuple[str, ...]] = [(name,) for name in _PATTERNS if name in when]
    for part in ("query", "headers"):
        values = when.get(part)
        patterns += [(part, name) for name in values] if isinstance(values, dict) else []
    for inner in patterns:
        value: Any = when
        for key in inner:
            value = value[key]
        try:
            compile_pattern(value)
        except PatternError as error:
            is_key = error.message.startswith("unknown operator")
            problem_path = (*path, *inner, *error.path)
            yield source.problem(problem_path, error.message, error.suggestion, key=is_key)


def _check_reply(source: Source, reply: Any, path: Path) -> Iterator[ScenarioProblem]:
    if not isinstance(reply, dict):
        return
    for name in _TEMPLATED:
        if name in reply:
            yield from _check_template(source, reply[name], (*path, name))
    stream = reply.get("stream")
    chunks = stream.get("chunks") if isinstance(stream, dict) else stream
    where: Path = (*path, "stream", "chunks") if isinstance(stream, dict) else (*path, "stream")
    for number, chunk in enumerate(chunks if isinstance(chunks, list) else ()):
        yield from _check_template(source, chunk, (*where, number))
    if reply.get("builtin") is True and "content_type" in reply:
        message = "content_type has no effect with builtin"
        yield source.problem((*path, "content_type"), message, "write headers, or faults")


def _check_template(source: Source, value: Any, path: Path) -> Iterator[ScenarioProblem]:
    try:
        compile_value(value, path, ROUTE_VARIABLES)
    except TemplateError as error:
        yield source.problem(error.path, error.message, error.suggestion)
