"""Texts, headers and JSON without their secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

from fakefal.credentials.names import Secrecy, is_secret, is_secret_parameter, secrecy_of
from fakefal.credentials.values import redact_values

REDACTED: Final = "[redacted]"
"""Replaces a secret."""

_PARAMETER: Final = re.compile(
    r"(?P<lead>[?&;])(?P<name>[^?&;=#\s\"'<>]{1,80})=(?P<value>[^&;#\s\"'<>]+)"
)
_ASSIGNMENT: Final = re.compile(
    r"(?<![\w.-])(?P<name>[A-Za-z_][\w.-]{1,79})(?P<sign>\\?[\"']?\s{0,3}[=:]\s{0,3}\\?[\"']?)"
    r"(?P<value>[^\s\"'&;,<>#\\\[\](){}]{4,500})"
)
"""``name=value``, ``name: value`` and ``"name": "value"`` in a text, but no calls and look-ups in
code. Repeats are bounded, so that the time is linear in the text."""

_WHITESPACE: Final = re.compile(r"\s")
_PLAIN: Final = re.compile(r"[A-Za-z]*[.!?)]*|[0-9]{1,5}|true|false|null|https?:.*", re.IGNORECASE)
_NUMERIC: Final = re.compile(r"pass|pwd|otp|secret|cvv|cvc", re.IGNORECASE)
"""Names under which a number is a secret too."""

_MAX_DEPTH: Final = 200


def redact_text(text: str, replacement: str = REDACTED) -> str:
    """A text without secrets: known forms, parameters of URLs, and values that are assigned to
    names of secrets."""
    if "=" in text:

        def without_value(match: re.Match[str]) -> str:
            if not is_secret_parameter(unquote_plus(match["name"])):
                return match[0]
            return f"{match['lead']}{match['name']}={replacement}"

        text = _PARAMETER.sub(without_value, text)
    text = redact_values(text, replacement)
    if "=" in text or ":" in text:

        def without_assigned(match: re.Match[str]) -> str:
            is_expression = text[match.end() : match.end() + 1] in ("[", "(")
            if is_expression or not _is_assigned_secret(match, replacement):
                return match[0]
            return f"{match['name']}{match['sign']}{replacement}"

        text = _ASSIGNMENT.sub(without_assigned, text)
    return text


def _is_assigned_secret(match: re.Match[str], replacement: str) -> bool:
    """Whether ``name sign value`` in a text assigns a secret.

    Prose has ``the password: none``; a name of several words, or ``=`` without spaces, is no prose.
    """
    name, sign, value = match["name"], match["sign"], match["value"]
    if value.startswith(("//", replacement)) or "$" in value:
        return False
    secrecy = secrecy_of(name)
    if secrecy is Secrecy.NONE:
        return False
    is_code = sign in ("=", ":") or any(it in sign for it in "\"'")
    if name.lower() == "sig" and sign == "=":
        return True
    if secrecy is Secrecy.LIKELY:
        return is_code and is_secret(name, value)
    is_one_word = "_" not in name and "-" not in name and name == name.lower()
    return is_code or not is_one_word or not _PLAIN.fullmatch(value)


Report = Callable[[str], None]
"""Receives the path of each value that was replaced: ``input.keys[0]``."""


def redact_json(
    value: Any,
    text: Callable[[str], str] = redact_text,
    report: Report | None = None,
    path: str = "",
) -> Any:
    """JSON without secrets: under names of secrets, and in all texts.

    ``text`` redacts one string. Equal structure comes back; what has no secret is equal too.
    """
    return _Walk(text, report).value(value, path, 0)


class _Walk:
    def __init__(self, text: Callable[[str], str], report: Report | None) -> None:
        self._text = text
        self._report = report

    def value(self, value: Any, path: str, depth: int) -> Any:
        if isinstance(value, str):
            redacted = self._text(value)
            if redacted != value:
                self._found(path)
            return redacted
        if depth > _MAX_DEPTH:
            return value
        if isinstance(value, (list, tuple)):
            return [self.value(inner, f"{path}[{n}]", depth + 1) for n, inner in enumerate(value)]
        if isinstance(value, Mapping):
            return self._object(value, path, depth)
        return value

    def _object(self, value: Mapping[str, Any], path: str, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        pair_name = _pair_name(value)
        for name, inner in value.items():
            inner_path = f"{path}.{name}" if path else name
            governing_name = pair_name if pair_name and name == "value" else name
            if secrecy_of(governing_name) is Secrecy.NONE:
                result[self._text(name)] = self.value(inner, inner_path, depth + 1)
            else:
                result[self._text(name)] = self._named(governing_name, inner, inner_path, depth + 1)
        return result

    def _named(self, name: str, value: Any, path: str, depth: int) -> Any:
        """A value under the name of a secret: sentences stay, every other text goes."""
        if isinstance(value, str):
            if value and is_secret(name, value) and not _WHITESPACE.search(value):
                self._found(path)
                return REDACTED
            return self.value(value, path, depth)
        is_certain = secrecy_of(name) is Secrecy.CERTAIN
        if isinstance(value, (list, tuple)) and depth <= _MAX_DEPTH:
            return [
                self._named(name, inner, f"{path}[{n}]", depth + 1) for n, inner in enumerate(value)
            ]
        if isinstance(value, Mapping) and is_certain and depth <= _MAX_DEPTH:
            return {
                self._text(key): self._named(
                    name if secrecy_of(key) is Secrecy.NONE else key,
                    inner,
                    f"{path}.{key}",
                    depth + 1,
                )
                for key, inner in value.items()
            }
        if isinstance(value, int) and not isinstance(value, bool) and _NUMERIC.search(name):
            self._found(path)
            return REDACTED
        return self.value(value, path, depth)

    def _found(self, path: str) -> None:
        if self._report is not None:
            self._report(path)


def _pair_name(value: Mapping[str, Any]) -> str:
    """The name in ``{"name": "X-Api-Key", "value": …}``, the form of lists of headers."""
    if "value" not in value:
        return ""
    for key in ("name", "key", "header", "field"):
        if isinstance(name := value.get(key), str):
            return name
    return ""
