"""Lifetime and access control of stored files, from the lifecycle headers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from fakefal.protocol.core.json_codec import decode
from fakefal.protocol.errors.errors import ApiError, bad_request

Decision = Literal["allow", "forbid", "hide"]

_BY_OPENNESS: tuple[Decision, ...] = ("hide", "forbid", "allow")
_MAX_RULES = 1000

LIFECYCLE_HEADERS = ("x-fal-object-lifecycle", "x-fal-object-lifecycle-preference")
"""The JS client sends the first with uploads and the second with calls; fal_client sends both.

Source: client (docs/reference/storage.md#initiate-and-put,
docs/reference/storage.md#token-upload).
"""


@dataclass(frozen=True, slots=True)
class Acl:
    """Who may read a file: a default, and rules for single users. The owner always may."""

    default: Decision = "allow"
    rules: tuple[tuple[str, Decision], ...] = ()

    def decide(self, user_names: Iterable[str] = ()) -> Decision:
        """The decision for a reader with these names; the most open of their rules applies.

        Source: documented (docs/reference/storage.md#access-control).
        """
        names = set(user_names)
        decisions = [decision for user, decision in self.rules if user in names]
        return max(decisions, key=_BY_OPENNESS.index) if decisions else self.default


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Lifetime (None: unlimited) and access control of a file.

    Source: documented, client (docs/reference/storage.md#lifetime,
    docs/reference/open-questions.md#default-file-lifetime).
    """

    expiration_seconds: float | None = None
    acl: Acl = Acl()


DEFAULT_LIFECYCLE = Lifecycle()
"""Never expires; everybody may read."""


def read_lifecycle(headers: Mapping[str, str]) -> Lifecycle:
    """The lifecycle in a request's headers; raises a 400 if it is malformed.

    ``{"expiration_duration_seconds": 3600, "initial_acl": {"default": "hide", "rules": […]}}``
    """
    for name in LIFECYCLE_HEADERS:
        text = headers.get(name)
        if text is not None:
            try:
                return _lifecycle(decode(text.encode("utf-8", "replace")))
            except (ValueError, TypeError):
                raise _malformed(name, text) from None
    return DEFAULT_LIFECYCLE


def parse_lifecycle(value: Any) -> Lifecycle | None:
    """The lifecycle in a body; None for a malformed one."""
    try:
        return _lifecycle(value)
    except (ValueError, TypeError):
        return None


def parse_acl(value: Any) -> Acl | None:
    """The access list in a body; None for a malformed one."""
    try:
        return _acl(value)
    except (ValueError, TypeError):
        return None


def _lifecycle(value: Any) -> Lifecycle:
    if not isinstance(value, dict):
        raise TypeError
    seconds = value.get("expiration_duration_seconds")
    if seconds is not None:
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise TypeError
        if not 0 <= seconds < math.inf:
            raise ValueError
    acl = value.get("initial_acl")
    # fal_client sends 0 for "never expires". Source: client (fal_client 1.0.3 client.py).
    return Lifecycle(float(seconds) if seconds else None, Acl() if acl is None else _acl(acl))


def _acl(value: Any) -> Acl:
    if not isinstance(value, dict):
        raise TypeError
    rules = value.get("rules")
    rules = [] if rules is None else rules
    if not isinstance(rules, list) or len(rules) > _MAX_RULES:
        raise TypeError
    return Acl(
        _decision(value.get("default") or "allow"),
        tuple((_name(rule["user"]), _decision(rule["decision"])) for rule in map(_dict, rules)),
    )


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not {"user", "decision"} <= value.keys():
        raise TypeError
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _decision(value: Any) -> Decision:
    if value not in get_args(Decision):
        raise ValueError
    decision: Decision = value
    return decision


def _malformed(name: str, text: str) -> ApiError:
    title = "-".join(part.capitalize() for part in name.split("-"))
    return bad_request(f"Invalid {title} header: {text[:200]!r}")
