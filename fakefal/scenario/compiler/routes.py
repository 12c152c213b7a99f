"""Compiles routes: their conditions, and each of their replies."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from fakefal.protocol.core.call import Json, Outcome
from fakefal.protocol.errors.catalog import find_error, outcome_of
from fakefal.scenario.compiled.routes import (
    CompiledChunk,
    CompiledRoute,
    CompiledRouteReply,
    CompiledStream,
    RouteFailure,
)
from fakefal.scenario.compiler.condition import header_text
from fakefal.scenario.compiler.faults import compile_sequence
from fakefal.scenario.matching.matchers import Matcher, PatternError
from fakefal.scenario.matching.operators import compile_pattern
from fakefal.scenario.matching.route_condition import (
    RouteCondition,
    compile_route_host,
    compile_route_path,
)
from fakefal.scenario.media.assets import Asset, references_in
from fakefal.scenario.model.failure import FailSpec, failure_outcome
from fakefal.scenario.model.routes import (
    ChunkSpec,
    RouteReply,
    RouteSpec,
    RouteStream,
    RouteWhen,
)
from fakefal.scenario.templates.templates import (
    ROUTE_VARIABLES,
    Path,
    TemplateError,
    TemplateValue,
    compile_value,
)
from fakefal.scenario.values.validation_text import validation_text

Assets = Mapping[str, Asset]


def compile_route(
    model: RouteSpec,
    index: int,
    location: str = "",
    path: Path = (),
    assets: Assets = MappingProxyType({}),
) -> CompiledRoute:
    """Raises PatternError or TemplateError with a path that begins with ``path``.

    ``assets`` are the files that its replies may refer to, by name.
    """
    condition = compile_route_condition(model.when)
    if model.replies is not None:
        replies = tuple(
            _compile_reply(reply, (*path, "replies", number), assets)
            for number, reply in enumerate(model.replies)
        )
    else:
        assert model.reply is not None
        replies = (_compile_reply(model.reply, (*path, "reply"), assets),)
    capacity = model.times
    if model.then == "miss":
        capacity = len(replies) if capacity is None else min(capacity, len(replies))
    label = f'"{model.id}"' if model.id else f"routes[{index}]"
    return CompiledRoute(model, condition, replies, capacity, label, location)


def compile_route_condition(when: RouteWhen) -> RouteCondition:
    """Raises PatternError with the path inside the ``when``."""
    path = None
    if when.path is not None:
        try:
            path = compile_route_path(when.path)
        except PatternError as error:
            raise PatternError(("path",), error.message, error.suggestion) from None
    return RouteCondition(
        tuple(map(compile_route_host, when.host or ())),
        None if when.method is None else frozenset(when.method),
        path,
        _compile_texts("query", when.query or {}, lower=False),
        _compile_texts("headers", when.headers or {}, lower=True),
        *(
            compile_pattern(getattr(when, field), (name,))
            if field in when.model_fields_set
            else None
            for name, field in (("json", "json_"), ("form", "form"), ("body", "body"))
        ),
    )


def _compile_texts(
    where: str, patterns: Mapping[str, Json], *, lower: bool
) -> tuple[tuple[str, Matcher], ...]:
    """Patterns of values that are always text: ``1`` written in a file means ``"1"``."""
    return tuple(
        (name.lower() if lower else name, compile_pattern(_as_texts(pattern), (where, name)))
        for name, pattern in patterns.items()
    )


def _as_texts(pattern: Json) -> Json:
    return list(map(header_text, pattern)) if isinstance(pattern, list) else header_text(pattern)


def _compile_reply(reply: RouteReply, path: Path, assets: Assets) -> CompiledRouteReply:
    def value(key: str, raw: Any) -> TemplateValue | None:
        return None if raw is None else compile_value(raw, (*path, key), ROUTE_VARIABLES)

    json_value = None
    if "json_" in reply.model_fields_set:
        json_value = compile_value(reply.json_, (*path, "json"), ROUTE_VARIABLES)
    return CompiledRouteReply(
        is_builtin=reply.builtin is not None,
        status=reply.status,
        headers=value("headers", reply.headers or None),
        content_type=reply.content_type,
        json=json_value,
        text=value("text", reply.text),
        base64=value("base64", reply.base64),
        file=None if reply.file is None else _asset(reply.file, (*path, "file"), assets),
        stream=None if reply.stream is None else _compile_stream(reply.stream, path, assets),
        fail=_compile_failure(reply, path),
        pause_seconds=reply.pause or 0.0,
        faults=None if reply.faults is None else compile_sequence(reply.faults),
        assets=tuple(
            (name, _asset(name, ref_path, assets))
            for ref_path, name in references_in(reply.json_, (*path, "json"))
        ),
    )


def _asset(name: str, path: Path, assets: Assets) -> Asset:
    if name not in assets:
        raise TemplateError(path, f'there is no file "{name}"', "check its name")
    return assets[name]


def _compile_stream(stream: RouteStream, path: Path, assets: Assets) -> CompiledStream:
    chunks = tuple(
        _compile_chunk(chunk, (*path, "stream", "chunks", number), assets)
        for number, chunk in enumerate(stream.chunks)
    )
    return CompiledStream(chunks, stream.first or 0.0, stream.every or 0.0, stream.slice or 0)


def _compile_chunk(chunk: str | ChunkSpec, path: Path, assets: Assets) -> CompiledChunk:
    if isinstance(chunk, str):
        return CompiledChunk("text", compile_value(chunk, path, ROUTE_VARIABLES))
    if chunk.pause is not None:
        return CompiledChunk(pause_seconds=chunk.pause)
    if chunk.file is not None:
        return CompiledChunk(data=_asset(chunk.file, (*path, "file"), assets).data)
    kind, raw = next(
        (kind, getattr(chunk, field))
        for kind, field in (
            ("event", "event"),
            ("json", "json_"),
            ("base64", "base64"),
            ("text", "text"),
        )
        if field in chunk.model_fields_set
    )
    value = compile_value(raw, (*path, kind), ROUTE_VARIABLES)
    if kind == "base64" and value.is_static:
        return CompiledChunk(data=base64.b64decode(raw))
    return CompiledChunk(kind, value, event_name=chunk.name or "")


def _compile_failure(reply: RouteReply, path: Path) -> RouteFailure | None:
    fail = reply.fail
    if fail is None:
        return None
    if isinstance(fail, str):
        spec = find_error(fail)
        assert spec is not None
        error = spec
        return lambda variables: outcome_of(
            error, app=_app_of(variables["path"]), path=variables["path"]
        )
    raw = fail.model_dump(by_alias=True, exclude_unset=True)
    value = compile_value(raw, (*path, "fail"), ROUTE_VARIABLES)
    if value.is_static:
        outcome = failure_outcome(fail)
        return lambda _: outcome
    return lambda variables: _render_failure(value, variables)


def _app_of(path: str) -> str:
    """The app that a path of fal.run names, for errors whose text has it."""
    return "/".join(path.strip("/").split("/")[:2])


def _render_failure(value: TemplateValue, variables: dict[str, Any]) -> Outcome:
    try:
        return failure_outcome(FailSpec.model_validate(value.render(variables)))
    except ValidationError as error:
        first_error = error.errors()[0]
        field_path = ".".join(str(part) for part in first_error["loc"])
        text = f"fail.{field_path}: {validation_text(first_error)}"
        raise TemplateError(value.path, text) from None
