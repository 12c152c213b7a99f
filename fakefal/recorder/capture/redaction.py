"""Keeps secrets out of recordings: known patterns, secrets seen in requests, users' patterns."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from urllib.parse import parse_qsl, quote

from fakefal.credentials import redaction
from fakefal.credentials.entropy import suspicious_words
from fakefal.credentials.names import Secrecy, is_secret, is_secret_parameter, secrecy_of
from fakefal.credentials.redaction import REDACTED
from fakefal.errors import FakefalError
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import decode
from fakefal.recorder.capture.captures import HeaderPairs, RecordedRequest, RecordedResponse

_MIN_SECRET_LENGTH = 8
"""Shorter values are not redacted: they would also match ordinary text."""

_NOT_SECRET = re.compile(r"[A-Za-z]*|[0-9]*|[.~]?/.*")
"""Words, numbers and paths, which variables with a secret-looking name often hold."""

_MAX_PLACES = 1_000
"""Bound of ``Redactor.places`` and ``warnings``: as many as a person would read."""

_MAX_SURVEYED_BYTES = 2_000_000
"""Places in larger bodies are not reported; their secrets are redacted like all others."""


class Redactor:
    """Replaces the secrets of one recording in everything that is written.

    ``patterns`` are regular expressions of the user; raises FakefalError if one is invalid.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._secrets: dict[str, str] = {}
        self._secrets_pattern: re.Pattern[str] | None = None
        self._patterns = tuple(map(_compile_pattern, patterns))
        self._redacted_texts: dict[str, str] = {}
        self.places: dict[str, None] = {}
        self.warnings: dict[str, None] = {}

    def learn(self, secret: str, description: str) -> None:
        """Add a secret, and the parts of ``id:secret``. ``description`` is shown in errors."""
        secret = secret.strip()
        parts = [part for part in secret.split(":") if not _NOT_SECRET.fullmatch(part)]
        for part in (secret, *parts):
            if (
                len(part) >= _MIN_SECRET_LENGTH
                and part not in self._secrets
                and REDACTED not in part
            ):
                self._secrets[part] = description
                self._secrets_pattern = None
                self._redacted_texts.clear()

    def learn_environment(self, environment: Mapping[str, str]) -> None:
        """Add the values of environment variables with names such as ``API_KEY``."""
        for name, value in environment.items():
            if secrecy_of(name) is not Secrecy.NONE and not _NOT_SECRET.fullmatch(value):
                self.learn(value, f"the environment's {name}")

    def learn_request(self, request: RecordedRequest) -> None:
        """Add the secrets in a request's headers and query, and note the places of all."""
        self._learn_headers(request.headers)
        for name, value in parse_qsl(request.query):
            if is_secret_parameter(name):
                self.learn(value, f"the parameter {name}")
            elif "?" in value:
                for inner, secret in parse_qsl(value.partition("?")[2]):
                    if is_secret_parameter(inner):
                        self.learn(secret, f"the parameter {inner}")

        self._survey(f"request to {request.host}{request.path}", request.body)

    def learn_response(self, response: RecordedResponse, url: str = "") -> None:
        """Add the secrets in a response's headers. ``url`` says whose response it is in reports."""
        self._learn_headers(response.headers)
        self._survey(f"response of {url}", response.body)

    def _survey(self, place: str, body: bytes) -> None:
        """Note the places of secrets in a body, and of what only looks like one."""
        if not body or len(body) > _MAX_SURVEYED_BYTES:
            return
        try:
            self.redact_json(decode(body), self.redact_text(place))
        except ValueError:  # events, or no text at all
            self.redact_json(body.decode("utf-8", "replace"), self.redact_text(place))

    def _learn_headers(self, headers: HeaderPairs) -> None:
        for name, value in headers:
            lowered = name.lower()
            if not is_secret(name, value):
                continue
            if lowered in ("cookie", "set-cookie"):
                pairs = value.split(";")[: 1 if lowered == "set-cookie" else None]
                for pair in pairs:
                    self.learn(pair.partition("=")[2], "a cookie")
            else:
                _, _, token = value.strip().partition(" ")
                self.learn(token or value, f"the header {name}")

    def redact_text(self, text: str) -> str:
        """A text with ``[redacted]`` in place of secrets; cached until another secret is added."""
        redacted = self._redacted_texts.get(text)
        if redacted is None:
            redacted = self._redacted_texts[text] = self._redact(text)
        return redacted

    @property
    def secret_count(self) -> int:
        """The number of known secrets; when it grows, earlier results may be outdated."""
        return len(self._secrets)

    def _redact(self, text: str) -> str:
        if (secrets := self._compile_secrets()) is not None:
            text = secrets.sub(REDACTED, text)
        text = redaction.redact_text(text)
        for pattern in self._patterns:
            text = pattern.sub(REDACTED, text)
        return text

    def redact_json(self, value: Json, place: str = "") -> Json:
        """JSON with secrets replaced, also values of fields with names such as ``openai_api_key``.

        With ``place``, such as ``input``, ``places`` gets the path of each replaced value and
        ``warnings`` the random-looking words that stay.
        """
        if not place:
            return redaction.redact_json(value, self.redact_text)
        redacted: Json = redaction.redact_json(value, self.redact_text, self._report, place)
        for text in _iterate_texts(redacted):
            for word in suspicious_words(text):
                if len(self.warnings) >= _MAX_PLACES:
                    return redacted
                self.warnings.setdefault(f"{place}: {word[:4]}… ({len(word)} characters)")
        return redacted

    def _report(self, path: str) -> None:
        if len(self.places) < _MAX_PLACES:
            self.places.setdefault(path)

    def redact_growing(self, values: Sequence[Json]) -> list[Json]:
        """The events of a stream in which each repeats and extends the text of the one before.

        A text that ends inside a secret holds its beginning, which no pattern matches: it is cut
        where the secret begins in the longer texts.
        """
        safe_prefixes: dict[str, str] = {}
        for text in {text for value in values for text in _iterate_texts(value)}:
            redacted = self.redact_text(text)
            if redacted != text:
                safe_prefixes[text] = redacted[: redacted.index(REDACTED)]

        def redact_partial(text: str) -> str:
            for full_text, safe_prefix in safe_prefixes.items():
                if len(text) > len(safe_prefix) and full_text.startswith(text):
                    return (
                        f"{safe_prefix}{REDACTED}" if text != full_text else self.redact_text(text)
                    )
            return self.redact_text(text)

        return [
            self.redact_json(_map_texts(value, redact_partial) if safe_prefixes else value)
            for value in values
        ]

    def check_text(self, text: str, target: str) -> None:
        """Raise FakefalError if a text holds a known secret; the error does not show it.

        Finds encoded secrets too: percent-encoded, in base64, escaped in JSON.
        """
        for secret, name in self._secrets.items():
            if any(form in text for form in _encodings(secret)):
                raise FakefalError(
                    f"{target} is not written: it would contain {name} — add --redact PATTERN for "
                    "the text around it"
                )

    def check_bytes(self, data: bytes, target: str) -> None:
        """``check_text`` for the bytes of a file."""
        self.check_text(data.decode("latin-1"), target)

    def _compile_secrets(self) -> re.Pattern[str] | None:
        if self._secrets_pattern is None and self._secrets:
            forms = {form for secret in self._secrets for form in (secret, quote(secret, safe=""))}
            longest_first = sorted(forms, key=lambda form: (-len(form), form))
            self._secrets_pattern = re.compile("|".join(map(re.escape, longest_first)))
        return self._secrets_pattern


def _iterate_texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _iterate_texts(inner)


def _map_texts(value: Json, change: Callable[[str], str]) -> Json:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _map_texts(inner, change) for name, inner in value.items()}
    return [_map_texts(inner, change) for inner in value] if isinstance(value, list) else value


def _encodings(secret: str) -> set[str]:
    """A secret in each encoding; in base64 for each of the three offsets within a 3-byte group."""
    data = secret.encode()
    forms = {secret, quote(secret, safe=""), secret.replace("/", "\\/")}
    for skipped in range(3):
        for encode in (b64encode, urlsafe_b64encode):
            text = encode(b"\0" * skipped + data).decode().rstrip("=")
            middle = text[(0, 2, 3)[skipped] : len(text) - 2]
            if len(middle) >= _MIN_SECRET_LENGTH:
                forms.add(middle)
    return forms


def _compile_pattern(text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise FakefalError(
            f'--redact "{text}" is not a regular expression ({error}) — write one such as '
            "acct_[0-9]+"
        ) from None
    if pattern.match(""):
        raise FakefalError(
            f'--redact "{text}" matches the empty string — write what it should find'
        )
    return pattern
