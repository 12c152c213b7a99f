"""Requests and responses of the control API as data, and the tenant that a request is about."""

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
from fakefal.protocol.errors.errors import ApiError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from fakefal.errors import ScenarioError
    from fakefal.scenario.compiled.scenario import LoadedScenario

    Model = TypeVar("Model", bound=BaseModel)

KEY_HEADER = "x-fakefal-key"
"""A header for the key when ``Authorization`` holds the token of the control API."""

JSON = "application/json"
ALL_TENANTS = "all"
ANONYMOUS_TENANT = "anonymous"


@dataclass(slots=True)
class ControlContext:
    """Everything the control API may access.

    ``token`` is required of callers unless None. ``live_streams`` counts the open streams.
    """

    engine: Engine
    version: str
    is_ready: Callable[[], bool]
    ca_pem: Callable[[], bytes]
    token: str | None = None
    live_streams: int = 0


@dataclass(slots=True)
class ApiResponse:
    """A response with a body, or with ``events`` that are sent as they are generated."""

    payload: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200
    events: AsyncGenerator[bytes, None] | None = None


def control_error(status: int, detail: str, *headers: tuple[str, str], **fields: Any) -> ApiError:
    """An error in the control API's format: ``{"detail": "…"}`` and more fields."""
    return ApiError(status, {"detail": detail, **fields}, headers)


@dataclass(slots=True)
class ControlRequest:
    """A request whose route is known. ``headers`` must ignore the case of names.

    ``example`` is a valid body, shown in errors. ``preloaded`` is the scenario in a large body, or
    the error in it.
    """

    context: ControlContext
    headers: Mapping[str, str]
    query: str = ""
    body: bytes = b""
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    example: str = ""
    preloaded: LoadedScenario | ScenarioError | ApiError | None = None

    @property
    def engine(self) -> Engine:
        """Shorthand for the context's engine."""
        return self.context.engine

    @property
    def query_parameters(self) -> dict[str, str]:
        """The parameters of the query; values of repeated ones are joined by commas."""
        parameters: dict[str, str] = {}
        for name, value in parse_qsl(self.query, keep_blank_values=True):
            parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
        return parameters

    @property
    def is_for_all(self) -> bool:
        """Whether ``?tenant=all`` was sent: the request is about the whole server."""
        return self.query_parameters.get("tenant") == ALL_TENANTS

    @property
    def credential(self) -> Credential | None:
        """The key of the tenant that the request is about."""
        own_key = self.headers.get(KEY_HEADER)
        if own_key:
            return read_credential(own_key) or Credential("key", own_key.strip())
        credential = read_credential(self.headers.get("Authorization"))
        if (
            credential is not None
            and credential.scheme == "bearer"
            and self.context.token is not None
        ):
            return None  # it is the token
        return credential

    @property
    def tenant(self) -> Tenant:
        """The tenant that the request is about; raises ApiError without a single valid one."""
        tag = self.query_parameters.get("tenant")
        if tag == ALL_TENANTS:
            raise control_error(
                400, "this endpoint needs a single tenant — GET /_fakefal/tenants lists them"
            )
        if tag is not None:
            return self._tenant_by_tag(tag)
        credential = self.credential
        if credential is None:
            raise control_error(
                401,
                f"no tenant given — send its key as Authorization: Key … or {KEY_HEADER}: …, or "
                "?tenant=… as listed by /_fakefal/tenants",
            )
        return self.engine.tenant_for(credential)

    @property
    def controls(self) -> Controls:
        """The controls of ``tenant``."""
        return Controls.for_tenant(self.engine, self.tenant)

    def read_json(self) -> Any:
        """The JSON body; None if it is empty. Raises ApiError."""
        if not self.body:
            return None
        try:
            return decode(self.body)
        except ValueError as error:
            raise control_error(
                400, f"the body is not JSON: {error}{self._example_hint()}"
            ) from None

    def parse_body(self, model: type[Model], value: Any = None) -> Model:
        """The body, or a value made from it, validated; raises ApiError."""
        body = self.read_json() if value is None else value
        return self._validate(model, {} if body is None else body, "the body", self._example_hint())

    def parse_query(self, model: type[Model]) -> Model:
        """The parameters of the query, validated; raises ApiError."""
        names = ", ".join(model.model_fields)
        return self._validate(model, self.query_parameters, "the query", f" — known: {names}")

    def _validate(self, model: type[Model], value: Any, source: str, hint: str) -> Model:
        from pydantic import ValidationError

        try:
            return model.model_validate(value)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, problem['loc'])) or source}: {_format_problem(problem)}"
                for problem in error.errors(include_url=False)[:10]
            )
            raise control_error(400, f"{problems}{hint}") from None

    def _example_hint(self) -> str:
        return f" — send {self.example}" if self.example else ""

    def _tenant_by_tag(self, tag: str) -> Tenant:
        tenant = (
            self.engine.anonymous_tenant
            if tag == ANONYMOUS_TENANT
            else self.engine.tenant_by_tag(tag)
        )
        if tenant is None:
            raise control_error(404, f'unknown tenant "{tag}" — GET /_fakefal/tenants lists them')
        return tenant


def _format_problem(error: Any) -> str:
    from fakefal.scenario.values.validation_text import validation_text

    return "unknown name" if error["type"] == "extra_forbidden" else validation_text(error)
