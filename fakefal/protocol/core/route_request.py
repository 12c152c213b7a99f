"""An HTTP request to any host and path, as the matchers and templates of routes see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.forms import collect_pairs, read_form
from fakefal.protocol.core.json_codec import decode

MAX_SHOWN_BYTES = 65_536
"""How much of a body that is neither JSON nor a form the journal keeps."""


@dataclass(eq=False)
class RouteRequest:
    """``host`` is the canonical name of a fal host, or the name of another host in lower case.

    ``path`` is percent-decoded. ``headers`` have lower-case names; of credentials they have only
    the scheme: ``Key …``.
    """

    method: str
    host: str
    path: str
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __str__(self) -> str:
        return f"{self.method} {self.host}{self.path}"

    @cached_property
    def query(self) -> dict[str, Json]:
        """The parameters of the query; the values of a repeated one are a list."""
        return collect_pairs(parse_qsl(self.query_string, keep_blank_values=True))

    @cached_property
    def _json(self) -> tuple[bool, Json]:
        if not self.body:
            return False, None
        try:
            return True, decode(self.body)
        except ValueError:
            return False, None

    @property
    def has_json(self) -> bool:
        """Whether the body is JSON, whatever its content type."""
        return self._json[0]

    @property
    def json(self) -> Json:
        """The body as JSON; None for one that is not."""
        return self._json[1]

    @cached_property
    def form(self) -> dict[str, Json] | None:
        """The fields of a form; None for another body."""
        return read_form(self.body, self.headers.get("content-type"))

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are replaced."""
        return self.body.decode("utf-8", "replace")

    def describe(self) -> dict[str, Any]:
        """The request as JSON, for the journal."""
        fields: dict[str, Any] = {"method": self.method, "host": self.host, "path": self.path}
        if self.query:
            fields["query"] = self.query
        if self.has_json:
            fields["json"] = self.json
        elif self.form is not None:
            fields["form"] = self.form
        elif self.body:
            fields["body"] = self.body[:MAX_SHOWN_BYTES].decode("utf-8", "replace")
            fields["body_size"] = len(self.body)
        return {**fields, "headers": dict(self.headers)}
