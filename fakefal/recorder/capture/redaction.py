"""Keeps secrets out of recordings: what the one table calls so, what was seen, what is named."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from urllib.parse import parse_qsl, quote

from fakefal.errors import FakefalError
from fakefal.protocol.core import credentials
from fakefal.protocol.core.call import Json
from fakefal.recorder.capture.captures import Asked, Heard, Pairs

MARK = "[redacted]"
"""What stands where a secret stood."""

_SHORTEST = 8
"""A text that is shorter is no secret that could be told from other text."""

_SECRET_NAME = re.compile(
    r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)(?:_ID)?\Z", re.IGNORECASE
)
_PLAIN = re.compile(r"[A-Za-z]*|[0-9]*|[.~]?/.*")
"""Words, numbers and paths: they may stand where a secret does, and are none."""

_SENTENCE = re.compile(r"\s")


class Redactor:
    """Knows the secrets of one recording, and takes them out of what is to be written.

    ``patterns`` are regular expressions of the user; raises FakefalError for one that is none.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._known: dict[str, str] = {}
        self._found: re.Pattern[str] | None = None
        self._patterns = tuple(map(_pattern, patterns))
        self._shown: dict[str, str] = {}

    def learn(self, secret: str, what: str) -> None:
        """A secret was seen; ``what`` names it without telling it. So were its parts, if any."""
        secret = secret.strip()
        parts = [part for part in secret.split(":") if not _PLAIN.fullmatch(part)]
        for part in (secret, *parts):
            if len(part) >= _SHORTEST and part not in self._known and MARK not in part:
                self._known[part] = what
                self._found = None
                self._shown.clear()

    def learn_environment(self, environment: Mapping[str, str]) -> None:
        """The secrets of an environment: values of variables that are named like one."""
        for name, value in environment.items():
            if _SECRET_NAME.search(name) and not _PLAIN.fullmatch(value):
                self.learn(value, f"the environment's {name}")

    def learn_request(self, asked: Asked) -> None:
        """The secrets of a request's headers and query."""
        self._learn_headers(asked.headers)
        for name, value in parse_qsl(asked.query):
            if name.lower() in credentials.PARAMETERS:
                self.learn(value, f"the parameter {name}")
            elif "?" in value:
                for inner, secret in parse_qsl(value.partition("?")[2]):
                    if inner.lower() in credentials.PARAMETERS:
                        self.learn(secret, f"the parameter {inner}")

    def learn_answer(self, heard: Heard) -> None:
        """The secrets of an answer's headers."""
        self._learn_headers(heard.headers)

    def _learn_headers(self, headers: Pairs) -> None:
        for name, value in headers:
            lowered = name.lower()
            if lowered not in credentials.HEADERS:
                continue
            if lowered in ("cookie", "set-cookie"):
                pairs = value.split(";")[: 1 if lowered == "set-cookie" else None]
                for pair in pairs:
                    self.learn(pair.partition("=")[2], "a cookie")
            else:
                _, _, token = value.strip().partition(" ")
                self.learn(token or value, f"the header {name}")

    def text(self, text: str) -> str:
        """A text with marks in place of its secrets."""
        found = self._shown.get(text)
        if found is None:
            found = self._shown[text] = self._marked(text)
        return found

    @property
    def count(self) -> int:
        """How many secrets are known: what was redacted before may be another text now."""
        return len(self._known)

    def _marked(self, text: str) -> str:
        if (known := self._known_pattern()) is not None:
            text = known.sub(MARK, text)
        if "=" in text:
            text = credentials.IN_URL.sub(rf"\1{MARK}", text)
        if "@" in text:
            text = credentials.USER_IN_URL.sub(rf"\1{MARK}@", text)
        for _, shape in credentials.shapes():
            text = shape.sub(MARK, text)
        for pattern in self._patterns:
            text = pattern.sub(MARK, text)
        return text

    def json(self, value: Json) -> Json:
        """JSON with marks in place of its secrets; some are told by a field's name alone."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.json(inner) for inner in value]
        if isinstance(value, dict):
            return {
                self.text(name): MARK if _is_secret(name, inner) else self.json(inner)
                for name, inner in value.items()
            }
        return value

    def growing(self, values: Sequence[Json]) -> list[Json]:
        """The events of a stream, in which a text may grow: the beginning of a secret is one."""
        secret: dict[str, str] = {}
        for text in {text for value in values for text in _texts(value)}:
            shown = self.text(text)
            if shown != text:
                secret[text] = shown[: shown.index(MARK)]

        def cut(text: str) -> str:
            for whole, start in secret.items():
                if len(text) > len(start) and whole.startswith(text):
                    return f"{start}{MARK}" if text != whole else self.text(text)
            return self.text(text)

        return [self.json(_mapped(value, cut) if secret else value) for value in values]

    def check(self, text: str, what: str) -> None:
        """Refuse what would give a known secret away; raises FakefalError, which does not tell it.

        Other spellings of it are found as well: percent-encoded, in base64, and in JSON.
        """
        for secret, name in self._known.items():
            if any(form in text for form in _forms(secret)):
                raise FakefalError(
                    f"{what} is not written: {name} would stand in it — add --redact PATTERN for "
                    "the text around it"
                )

    def check_bytes(self, data: bytes, what: str) -> None:
        """The same for bytes."""
        self.check(data.decode("latin-1"), what)

    def _known_pattern(self) -> re.Pattern[str] | None:
        if self._found is None and self._known:
            forms = {form for secret in self._known for form in (secret, quote(secret, safe=""))}
            longest_first = sorted(forms, key=lambda form: (-len(form), form))
            self._found = re.compile("|".join(map(re.escape, longest_first)))
        return self._found


def _is_secret(name: str, value: Json) -> bool:
    """Whether a field holds a secret by its name. A text of several words is none."""
    key = credentials.field_key(name)
    if not isinstance(value, str) or not value or _SENTENCE.search(value):
        return False
    if key in credentials.FIELDS:
        return True
    return key in ("token", "key", "auth") and len(value) >= 16 and not value.startswith("http")


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _mapped(value: Json, change: Callable[[str], str]) -> Json:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _mapped(inner, change) for name, inner in value.items()}
    return [_mapped(inner, change) for inner in value] if isinstance(value, list) else value


def _forms(secret: str) -> set[str]:
    """A secret as it may be spelled; in base64 at each of the three places it can begin."""
    data = secret.encode()
    forms = {secret, quote(secret, safe=""), secret.replace("/", "\\/")}
    for skipped in range(3):
        for encode in (b64encode, urlsafe_b64encode):
            text = encode(b"\0" * skipped + data).decode().rstrip("=")
            middle = text[(0, 2, 3)[skipped] : len(text) - 2]
            if len(middle) >= _SHORTEST:
                forms.add(middle)
    return forms


def _pattern(text: str) -> re.Pattern[str]:
    try:
        found = re.compile(text)
    except re.error as error:
        raise FakefalError(
            f'--redact "{text}" is no regular expression ({error}) — write one, such as acct_[0-9]+'
        ) from None
    if found.match(""):
        raise FakefalError(f'--redact "{text}" matches nothing at all — name what it is to find')
    return found
