"""Control requests without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from multidict import CIMultiDict

from fakefal.control.api import handle
from fakefal.control.requests import ApiResponse, ControlContext
from fakefal.engine.engine import Engine
from fakefal.protocol.errors.errors import ApiError

KEY = "Key id:secret"


def make_context(engine: Engine, token: str | None = None) -> ControlContext:
    """A context of a server that is ready and has a certificate."""
    return ControlContext(engine, "0.1.0", lambda: True, lambda: b"PEM", token)


def call(
    engine: Engine | ControlContext,
    method: str,
    path: str,
    body: Any = None,
    key: str | None = KEY,
    **headers: str,
) -> ApiResponse:
    """The response to a request. A path may have a query, a body may be JSON, text or bytes."""
    context = engine if isinstance(engine, ControlContext) else make_context(engine)
    header_map = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    if key is not None:
        header_map["Authorization"] = key
    path, _, query = path.partition("?")
    if isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = b"" if body is None else json.dumps(body).encode()
    return handle(context, method, path, header_map, query, body)


def call_json(
    engine: Engine | ControlContext, method: str, path: str, *args: Any, **options: Any
) -> Any:
    """The JSON of a response."""
    return json.loads(call(engine, method, path, *args, **options).payload)


def expect_error(
    engine: Engine | ControlContext, method: str, path: str, *args: Any, **options: Any
) -> ApiError:
    """The error that a request raises."""
    with pytest.raises(ApiError) as error_info:
        call(engine, method, path, *args, **options)
    return error_info.value
