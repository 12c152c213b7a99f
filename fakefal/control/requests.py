"""A control request and its answer as data; who asks, and what is sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

from fakefal.engine.controls import Controls
from fakefal.engine.engine import Engine
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.headers import Credential, read_credential
from fakefal.protocol.core.json_codec import decode
from fakefal.protocol.errors.errors import WireError

if TYPE_CHECKING:
    from pydantic import BaseModel

    Shape = TypeVar("Shape", bound=BaseModel)

KEY = "x-fakefal-key"
"""A header for the key, where ``Authorization`` holds the token of the control API."""

JSON = "application/json"
EVERYONE = "all"
NOBODY = "nobody"


@dataclass(slots=True)
class House:
    """What the control API is a window of.

    ``certificate`` gives the PEM of the local CA, ``is_ready`` whether all ports listen; ``token``
    is what the API demands, None for nothing. ``live`` counts the streams that are open.
    """

    engine: Engine
    version: str
    is_ready: Callable[[], bool]
    certificate: Callable[[], bytes]
    token: str | None = None
    live: int = 0


@dataclass(slots=True)
class Told:
    """An answer: bytes that are there at once, or ``events`` that come bit by bit."""

    payload: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200
    events: AsyncGenerator[bytes, None] | None = None


def refused(status: int, detail: str, *headers: tuple[str, str], **more: Any) -> WireError:
    """A refusal in the words of the control API: ``{"detail": "…"}``."""
    return WireError(status, {"detail": detail, **more}, headers)


@dataclass(slots=True)
class Asked:
    """A request whose route is known. ``headers`` are looked up in any case.

    ``parts`` is what the route took from the path, ``example`` a body that would be right.
    """

    house: House
    headers: Mapping[str, str]
    query: str = ""
    body: bytes = b""
    parts: Mapping[str, str] = field(default_factory=dict)
    example: str = ""

    @property
    def engine(self) -> Engine:
        """The engine."""
        return self.house.engine

    @property
    def given(self) -> dict[str, str]:
        """The parameters of the query; those that are repeated are joined by commas."""
        found: dict[str, str] = {}
        for name, value in parse_qsl(self.query, keep_blank_values=True):
            found[name] = f"{found[name]},{value}" if name in found else value
        return found

    @property
    def is_for_all(self) -> bool:
        """Whether the whole server is meant, and no single key."""
        return self.given.get("tenant") == EVERYONE

    @property
    def credential(self) -> Credential | None:
        """The key whose tenant is meant."""
        told = self.headers.get(KEY)
        if told:
            return read_credential(told) or Credential("key", told.strip())
        found = read_credential(self.headers.get("Authorization"))
        if found is not None and found.scheme == "bearer" and self.house.token is not None:
            return None  # that is the token
        return found

    @property
    def tenant(self) -> Tenant:
        """The tenant that is meant; raises WireError where it is not said, or there is none."""
        mark = self.given.get("tenant")
        if mark == EVERYONE:
            raise refused(400, "this is told of one key at a time — GET /_fakefal/tenants has them")
        if mark is not None:
            return self._marked(mark)
        credential = self.credential
        if credential is None:
            raise refused(
                401,
                "send the key whose tenant is meant: Authorization: Key … — or "
                f"{KEY}: …, or ?tenant=… of /_fakefal/tenants",
            )
        return self.engine.tenant_for(credential)

    @property
    def controls(self) -> Controls:
        """The controls of the tenant that is meant."""
        return Controls.of(self.engine, self.tenant)

    def read(self) -> Any:
        """The body, which is JSON; None for none. Raises WireError."""
        if not self.body:
            return None
        try:
            return decode(self.body)
        except ValueError as error:
            raise refused(400, f"the body is not JSON: {error}{self._right()}") from None

    def read_as(self, shape: type[Shape], value: Any = None) -> Shape:
        """The body, or a value that was made of it, as a shape; raises WireError."""
        given = self.read() if value is None else value
        return self._checked(shape, {} if given is None else given, "the body", self._right())

    def parameters(self, shape: type[Shape]) -> Shape:
        """The parameters of the query as a shape; raises WireError."""
        names = ", ".join(shape.model_fields)
        return self._checked(shape, self.given, "the query", f" — known: {names}")

    def _checked(self, shape: type[Shape], value: Any, what: str, right: str) -> Shape:
        from pydantic import ValidationError

        try:
            return shape.model_validate(value)
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, it['loc'])) or what}: {_worded(it)}"
                for it in error.errors(include_url=False, include_context=False)[:10]
            )
            raise refused(400, f"{wrong}{right}") from None

    def _right(self) -> str:
        return f" — send {self.example}" if self.example else ""

    def _marked(self, mark: str) -> Tenant:
        found = self.engine.strangers if mark == NOBODY else self.engine.marked(mark)
        if found is None:
            raise refused(404, f'no tenant "{mark}" — GET /_fakefal/tenants lists those there are')
        return found


def _worded(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "is not known here"
    return str(error["msg"]).removeprefix("Value error, ")
