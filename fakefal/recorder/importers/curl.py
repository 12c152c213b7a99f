"""Traces of curl: what ``curl -v`` or ``curl --trace-ascii`` says, pasted into a file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fakefal.recorder.importers.foreign import Exchanged, Imported, NotThisFormat, add

_TIME = re.compile(r"(\d\d):(\d\d):(\d\d\.\d+) ")
_TRACE = re.compile(r"(?P<way>=>|<=) (?P<what>Send header|Send data|Recv header|Recv data)\b")
_LINE = re.compile(r"[0-9a-f]{4,}: (.*)")
_REQUEST = re.compile(r"(?P<method>[A-Z]+) (?P<target>\S+) HTTP/(?:[\d.]+)")
_STATUS = re.compile(r"HTTP/(?:[\d.]+) (?P<status>\d{3})")
_OURS = re.compile(r"(?:[*{}] |== Info|[*{}]$|\s*%|\s+\d+ +\d+ )")


@dataclass(slots=True)
class _Talk:
    """One request as it is put together from lines."""

    place: str
    method: str
    target: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    status: int = 0
    answer_headers: list[tuple[str, str]] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)
    at: float = 0.0
    ended: float = 0.0


def read_curl(text: str, file: str) -> Imported:
    """The requests to fal of a trace; raises NotThisFormat.

    ``curl -v`` does not show what was sent: without ``--trace-ascii`` the input is not known.
    """
    lines = text.splitlines()
    is_trace = any(_TRACE.search(line) for line in lines)
    talks = _traced(lines, file) if is_trace else _verbose(lines, file)
    if not talks:
        raise NotThisFormat('it has no request line such as "> POST /fal-ai/any-llm HTTP/1.1"')
    imported = Imported()
    began = talks[0].at
    for talk in talks:
        body = "".join(talk.sent) if is_trace else "\n".join(talk.sent)
        length = {name.lower(): value for name, value in talk.headers}.get("content-length")
        if length not in (None, "0") and not body:
            imported.unused.append(
                f"{talk.place}: {talk.method} {talk.target}: what was sent does not show — use "
                "curl --trace-ascii"
            )
            continue
        host = next((value for name, value in talk.headers if name.lower() == "host"), "")
        answer = "".join(talk.answer) if is_trace else "\n".join(talk.answer)
        seconds = max(0.0, talk.ended - talk.at)
        found = Exchanged(
            talk.method,
            talk.target if "://" in talk.target else f"https://{host}{talk.target}",
            tuple(talk.headers),
            body.encode(),
            talk.status,
            tuple(talk.answer_headers),
            answer.encode(),
            talk.at - began,
            seconds,
        )
        add(imported, found, talk.place)
    return imported


def _verbose(lines: list[str], file: str) -> list[_Talk]:
    """``> `` begins what was sent, ``< `` the head of an answer; the rest is its body."""
    talks: list[_Talk] = []
    for number, line in enumerate(lines, 1):
        talk = talks[-1] if talks else None
        mark, rest = line[:2], line[2:].rstrip()
        if mark == "> " and (found := _REQUEST.fullmatch(rest)):
            talks.append(_Talk(f"{file}:{number}", found["method"], found["target"]))
        elif talk is None or (_OURS.match(line) and line[:1] != " "):
            continue
        elif mark in ("> ", "< ") or line in (">", "<"):
            _head(talk, mark[0], rest)
        else:
            talk.answer.append(line)
    return talks


def _traced(lines: list[str], file: str) -> list[_Talk]:
    """``=> Send header`` and its like, then lines with an offset."""
    talks: list[_Talk] = []
    what = ""
    at = 0.0
    for number, line in enumerate(lines, 1):
        bare = _TIME.sub("", line)
        if (time := _TIME.match(line)) is not None:
            at = int(time[1]) * 3600 + int(time[2]) * 60 + float(time[3])
        if (trace := _TRACE.match(bare)) is not None:
            what = trace["what"]
            continue
        content = _LINE.fullmatch(bare)
        if content is None:
            what = "" if bare.startswith("== Info") else what
            continue
        text = content[1]
        if what == "Send header" and (found := _REQUEST.fullmatch(text)):
            talks.append(_Talk(f"{file}:{number}", found["method"], found["target"], at=at))
        elif talks:
            _take(talks[-1], what, text)
            talks[-1].ended = at
    return talks


def _take(talk: _Talk, what: str, text: str) -> None:
    if what == "Send header":
        _head(talk, ">", text)
    elif what == "Recv header":
        _head(talk, "<", text)
    elif what == "Send data":
        talk.sent.append(text)
    elif what == "Recv data":
        talk.answer.append(text)


def _head(talk: _Talk, way: str, line: str) -> None:
    status = _STATUS.match(line)
    if way == "<" and status is not None:
        talk.status, talk.answer_headers = int(status["status"]), []
        return
    name, colon, value = line.partition(":")
    if colon:
        (talk.headers if way == ">" else talk.answer_headers).append((name, value.strip()))
