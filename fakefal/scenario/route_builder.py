"""Builds routes in Python, as the models that scenario files are read into."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from fakefal.errors import FakefalError
from fakefal.protocol.core.call import Json
from fakefal.scenario.builder import format_errors, to_json
from fakefal.scenario.files.source import Source
from fakefal.scenario.model.routes import RouteSpec

if TYPE_CHECKING:
    from typing_extensions import Self

RouteSink = Callable[[RouteSpec], None]
"""Receives the route again after each change."""


class RouteBuilder:
    """A route under construction; each method changes it and takes effect immediately.

    ``route("rest.fal.ai", "/billing/user_balance").json(9.94).then.fail("bad_key")``
    """

    def __init__(self, when: dict[str, Any], sink: RouteSink) -> None:
        self._when = when
        self._sink = sink
        self._replies: list[dict[str, Any]] = [{}]
        self._route_fields: dict[str, Any] = {}

    # Body

    def json(self, value: Json, *, status: int | None = None) -> Self:
        """A JSON body; ``{"file": "cat.png"}`` in it becomes a file with a URL."""
        return self._set(status, json=value)

    def text(self, text: str, *, status: int | None = None) -> Self:
        """A text body."""
        return self._set(status, text=text)

    def bytes(self, data: bytes, content_type: str = "application/octet-stream") -> Self:
        """A body of bytes."""
        return self._set(None, base64=b64encode(data).decode(), content_type=content_type)

    def file(self, name: str) -> Self:
        """The bytes of a file, relative to the working directory; its type is by extension."""
        return self._set(None, file=name)

    def stream(self, *chunks: Any, **spec: Any) -> Self:
        """A body in chunks: text, bytes, ``{"event": …}`` and other chunks as in a file.

        ``stream("data: 1\\n\\n", every="1s")``, ``stream(pcm, slice=4096)``.
        """
        return self._set(None, stream={"chunks": [_chunk(chunk) for chunk in chunks], **spec})

    def fail(self, name: str | None = None, **fields: Any) -> Self:
        """A failure: a name of the error catalogue, or the fields of ``fail`` in a file."""
        if (name is None) == (not fields):
            raise FakefalError("fail takes either a name or fields — for example fail(status=500)")
        return self._set(None, fail=fields if name is None else name)

    def status(self, status: int) -> Self:
        """The status of the response, which may have no body."""
        return self._set(status)

    def builtin(self) -> Self:
        """fakefal's own response, changed by ``status``, ``headers`` and ``faults``."""
        return self._set(None, builtin=True)

    # Head, pauses, faults

    def headers(self, headers: dict[str, str]) -> Self:
        """Response headers."""
        return self._set(None, headers=headers)

    def content_type(self, content_type: str) -> Self:
        """The Content-Type, where it does not follow from the body."""
        return self._set(None, content_type=content_type)

    def pause(self, duration: float | str) -> Self:
        """Wait before the response."""
        return self._set(None, pause=duration)

    def faults(self, *faults: Any) -> Self:
        """Faults: one for each request, then none. ``faults("nginx-502 x2", {"delay": "2s"})``."""
        return self._set(None, faults=list(faults))

    # Several replies

    @property
    def then(self) -> Self:
        """Begins the reply to the next request."""
        self._replies.append({})
        return self

    def times(self, count: int) -> Self:
        """Answers this many requests, then no more."""
        return self._set_route(times=count)

    def cycle(self) -> Self:
        """Starts over after the last reply, instead of repeating it."""
        return self._set_route(then="cycle")

    def once(self) -> Self:
        """Uses each reply once, then answers no more."""
        return self._set_route(then="miss")

    def named(self, id_: str) -> Self:
        """The name of the route in journal and misses."""
        return self._set_route(id=id_)

    def _set_route(self, **fields: Any) -> Self:
        self._route_fields.update(fields)
        return self._publish()

    def _set(self, status: int | None, **fields: Any) -> Self:
        if status is not None:
            fields["status"] = status
        self._replies[-1].update(to_json(fields))
        return self._publish()

    def _publish(self) -> Self:
        data = {"when": self._when, "replies": self._replies, **self._route_fields}
        self._sink(build_route(data))
        return self


def _chunk(chunk: Any) -> Any:
    return {"base64": b64encode(chunk).decode()} if isinstance(chunk, bytes) else to_json(chunk)


def route_when_data(
    host: str | list[str] | None, path: str | None, fields: dict[str, Any]
) -> dict[str, Any]:
    """The ``when`` of ``route(host, path, …)``; ``host`` may be a URL that has the path as well."""
    when: dict[str, Any] = {}
    if isinstance(host, str) and "://" in host:
        if path is not None:
            raise FakefalError("route takes a URL, or a host and a path — leave the path out")
        parts = urlsplit(host)
        host, path = parts.netloc, parts.path or None
        if parts.query:
            raise FakefalError(f'write the query of {host}{path} as query={{"name": "value"}}')
    if host is not None:
        when["host"] = host
    if path is not None:
        when["path"] = path
    for name, value in fields.items():
        if value is not None:
            when[name] = to_json(value)
    return when


def build_route(data: dict[str, Any]) -> RouteSpec:
    """From plain data; raises FakefalError with every error."""
    try:
        return RouteSpec.model_validate(data)
    except ValidationError as error:
        source = Source("route(…)", {"fakefal": 1, "routes": [data]})
        raise format_errors(error, source, ("routes", 0)) from None
