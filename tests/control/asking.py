"""Control requests without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from multidict import CIMultiDict

from fakefal.control.api import answer
from fakefal.control.requests import House, Told
from fakefal.engine.engine import Engine
from fakefal.protocol.errors.errors import WireError

KEY = "Key id:secret"


def make_house(engine: Engine, token: str | None = None) -> House:
    """A house that is ready and has a certificate."""
    return House(engine, "0.1.0", lambda: True, lambda: b"PEM", token)


def told(
    engine: Engine | House,
    method: str,
    path: str,
    body: Any = None,
    key: str | None = KEY,
    **headers: str,
) -> Told:
    """The answer to a request; a path may have a query, a body may be JSON, text or bytes."""
    house = engine if isinstance(engine, House) else make_house(engine)
    given = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    if key is not None:
        given["Authorization"] = key
    path, _, query = path.partition("?")
    if isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = b"" if body is None else json.dumps(body).encode()
    return answer(house, method, path, given, query, body)


def ask(engine: Engine | House, method: str, path: str, *args: Any, **more: Any) -> Any:
    """The JSON of an answer."""
    return json.loads(told(engine, method, path, *args, **more).payload)


def refusal(engine: Engine | House, method: str, path: str, *args: Any, **more: Any) -> WireError:
    """Why a request is refused."""
    with pytest.raises(WireError) as caught:
        told(engine, method, path, *args, **more)
    return caught.value
