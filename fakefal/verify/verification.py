"""Sends the probes one after the other, and reports what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from fakefal.errors import FakefalError
from fakefal.verify.forms import Received, deviations
from fakefal.verify.probes import PROBES, UNKNOWN_KEY, Probe

REAL_SERVICE = "fal.ai"
"""The target that names the real service."""

_MAX_BYTES = 2_000_000
_NOT_SERVED = "fakefal does not serve"

Send = Callable[[Probe], Received]
"""Sends a probe; raises OSError or HTTPException if there is no response."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a probe: ``problems`` are deviations, or why there was no response.

    ``is_served`` False: the target is a fakefal that lacks this host.
    """

    probe: Probe
    problems: tuple[str, ...]
    is_served: bool = True

    @property
    def is_different(self) -> bool:
        """Whether the response has another form than the recorded one, or there was none."""
        return self.is_served and bool(self.problems)


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """A redirect is a response like any other."""


class ProbeClient:
    """The server that the probes go to: the real service, or the base URL of a fakefal."""

    def __init__(self, target: str, key: str, timeout_seconds: float) -> None:
        if target != REAL_SERVICE and not target.startswith(("http://", "https://")):
            raise FakefalError(
                f'"{target}" is neither {REAL_SERVICE} nor a URL — write {REAL_SERVICE} for the '
                "real service, or http://127.0.0.1:8787"
            )
        self._base = target.rstrip("/")
        self._is_real = target == REAL_SERVICE
        self._key = key
        self._timeout_seconds = timeout_seconds
        self._opener: OpenerDirector = build_opener(_NoRedirects)

    def send(self, probe: Probe) -> Received:
        """Send a probe; raises OSError or HTTPException if there is no response."""
        origin = f"https://{probe.host}" if self._is_real else f"{self._base}/{probe.host}"
        headers = {"Accept": "*/*", "User-Agent": "fakefal-verify", "Connection": "close"}
        if probe.key != "none":
            key = self._key if probe.key == "valid" else UNKNOWN_KEY
            headers["Authorization"] = f"Key {key}"
        if probe.body:
            headers["Content-Type"] = "application/json"
        request = Request(
            f"{origin}{probe.path}",
            probe.body.encode() or None,
            headers,
            method=probe.method,
        )
        try:
            response = self._opener.open(request, timeout=self._timeout_seconds)
        except HTTPError as error:
            response = error
        with response:
            pairs = {name.lower(): value for name, value in response.headers.items()}
            return Received(response.status, pairs, response.read(_MAX_BYTES))


def verify(send: Send, probes: Iterable[Probe] = PROBES) -> list[Result]:
    """Send all probes, and compare each response with its form."""
    results = []
    for probe in probes:
        try:
            received = send(probe)
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            results.append(Result(probe, (f"no response: {reason}",)))
            continue
        hint = received.headers.get("x-fakefal-hint", "")
        if hint.startswith(_NOT_SERVED):
            results.append(Result(probe, (hint,), is_served=False))
        else:
            results.append(Result(probe, tuple(deviations(probe.form, received))))
    return results


def report(results: Iterable[Result], target: str, version: str, date: str, key: str) -> list[str]:
    """The lines of the report. The key is in none of them, wherever a response repeats it."""
    results = list(results)
    lines = [f"{target} on {date}, by fakefal {version}", ""]
    for result in results:
        word = "differs" if result.is_different else "ok" if result.is_served else "unserved"
        probe = result.probe
        lines.append(f"{word:<8}  {probe.name}: {probe.method} {probe.host}{probe.path}")
        lines += [f"{'':10}{problem}" for problem in result.problems]
        if result.is_different:
            lines.append(f"{'':10}source: {probe.source}{_question(probe)}")
    different = sum(result.is_different for result in results)
    unserved = sum(not result.is_served for result in results)
    summary = f"{len(results)} probes, {different} different"
    lines += ["", f"{summary}, {unserved} not served by this fakefal" if unserved else summary]
    return [line.replace(key, "KEY") if key else line for line in lines]


def _question(probe: Probe) -> str:
    return f"; docs/reference/open-questions.md#{probe.question}" if probe.question else ""
