"""Whether a route matches an HTTP request, and if not, why and how nearly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.hosts import canonical_host
from fakefal.protocol.core.route_request import RouteRequest
from fakefal.scenario.matching.globs import Glob
from fakefal.scenario.matching.matchers import Difference, Matcher, PatternError
from fakefal.scenario.matching.scalars import MISSING

_PARAMETER = re.compile(r"\*|\{([^{}]*)\}")
_COMPARED_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A path in which ``{name}`` matches one segment, and ``*`` any text, slashes included.

    A trailing slash makes no difference, as for fal's own paths.
    """

    text: str
    expression: re.Pattern[str]

    def parameters(self, path: str) -> dict[str, str] | None:
        """The text of each ``{name}``; None for a path that does not match."""
        match = self.expression.fullmatch(path)
        if match is None and path.endswith("/"):
            match = self.expression.fullmatch(path.rstrip("/") or "/")
        return None if match is None else match.groupdict()

    def similarity(self, path: str) -> float:
        """How similar a path is, from 0 to 1."""
        return SequenceMatcher(None, self.text, path[:_COMPARED_CHARACTERS]).ratio()


def compile_route_path(text: str) -> PathPattern:
    """Raises PatternError for a parameter without a valid name, or one that occurs twice."""
    pattern, end, names = "", 0, set()
    bare = text.rstrip("/") or "/"
    for parameter in _PARAMETER.finditer(bare):
        pattern += re.escape(bare[end : parameter.start()])
        end = parameter.end()
        name = parameter[1]
        if name is None:
            pattern += ".*"
            continue
        if not (name.isidentifier() and name.isascii()):
            raise PatternError((), f'"{parameter[0]}" has no valid name', "write {id}, for example")
        if name in names:
            raise PatternError((), f'"{parameter[0]}" occurs twice', "give each its own name")
        names.add(name)
        pattern += f"(?P<{name}>[^/]+)"
    return PathPattern(text, re.compile(pattern + re.escape(bare[end:]), re.DOTALL))


@dataclass(frozen=True, slots=True)
class HostPattern:
    """A host, or a glob of hosts; fal's older names and backup domains match their main name."""

    text: str
    glob: Glob | None

    def matches(self, host: str) -> bool:
        if self.glob is None:
            return host == self.text
        return self.glob.matches(host)


def compile_route_host(text: str) -> HostPattern:
    """The pattern of a ``host``; whether the fake serves the host is checked elsewhere."""
    name = text.strip().rstrip(".").lower()
    if "*" in name or "?" in name:
        return HostPattern(name, Glob(name))
    return HostPattern(canonical_host(name) or name, None)


@dataclass(frozen=True, slots=True)
class RouteCondition:
    """A compiled ``when`` of a route; None and empty parts match every request."""

    hosts: tuple[HostPattern, ...] = ()
    methods: frozenset[str] | None = None
    path: PathPattern | None = None
    query: tuple[tuple[str, Matcher], ...] = ()
    headers: tuple[tuple[str, Matcher], ...] = ()
    json: Matcher | None = None
    form: Matcher | None = None
    body: Matcher | None = None

    def names_host(self, host: str) -> bool:
        """Whether it is about requests to a host."""
        return not self.hosts or any(pattern.matches(host) for pattern in self.hosts)

    def matches(self, request: RouteRequest) -> bool:
        """Whether the request matches; never raises."""
        return (
            self.names_host(request.host)
            and (self.methods is None or request.method in self.methods)
            and (self.path is None or self.path.parameters(request.path) is not None)
            and _all_match(self.query, request.query)
            and _all_match(self.headers, request.headers)
            and (self.json is None or self.json.matches(_json_of(request)))
            and (self.form is None or self.form.matches(_form_of(request)))
            and (self.body is None or self.body.matches(request.text))
        )

    def parameters(self, path: str) -> dict[str, str]:
        """The text of each ``{name}`` in the path of a request that matches."""
        return {} if self.path is None else self.path.parameters(path) or {}

    def differences(self, request: RouteRequest) -> list[Difference]:
        """Why the request does not match, the heaviest first; empty exactly if it does."""
        differences: list[Difference] = []
        if not self.names_host(request.host):
            names = " or ".join(pattern.text for pattern in self.hosts)
            differences.append(Difference("host", f"is {request.host}, wanted {names}", 6))
        if self.path is not None and self.path.parameters(request.path) is None:
            text = f"is {request.path[:_COMPARED_CHARACTERS]}, wanted {self.path.text}"
            weight = 5 - 3 * self.path.similarity(request.path)
            differences.append(Difference("path", text, weight))
        if self.methods is not None and request.method not in self.methods:
            wanted = " or ".join(sorted(self.methods))
            differences.append(Difference("method", f"is {request.method}, wanted {wanted}", 2))
        for where, matchers, values in (
            ("query", self.query, request.query),
            ("headers", self.headers, request.headers),
        ):
            for name, matcher in matchers:
                value = values.get(name, MISSING)
                differences.extend(matcher.differences(value, f"{where}.{name}"))
        for where, body_matcher, body in (
            ("json", self.json, _json_of(request) if self.json else None),
            ("form", self.form, _form_of(request) if self.form else None),
            ("body", self.body, request.text if self.body else None),
        ):
            if body_matcher is not None:
                differences.extend(body_matcher.differences(body, where))
        return differences


def _all_match(matchers: tuple[tuple[str, Matcher], ...], values: Mapping[str, Json]) -> bool:
    return all(matcher.matches(values.get(name, MISSING)) for name, matcher in matchers)


def _json_of(request: RouteRequest) -> Json:
    return request.json if request.has_json else MISSING


def _form_of(request: RouteRequest) -> Json:
    return MISSING if request.form is None else request.form
