from __future__ import annotations

from typing import Any

import click

from fakefal.cli.output.entry_lines import EntryLines

AT = "2026-01-01T00:00:0{}.000000Z"


def entry(second: int, kind: str, status: int = 200, **fields: Any) -> dict[str, Any]:
    return {
        "number": 1,
        "at": AT.format(second),
        "kind": kind,
        "request_id": "id-1",
        "status": status,
        **fields,
    }


CALL = entry(
    0,
    "call",
    endpoint="fal-ai/any-llm",
    via="queue",
    input={"prompt": "a long prompt that is cut after forty characters"},
    exchange="x.yaml:3",
)


def told(*entries: dict[str, Any], is_complete: bool = False) -> list[str]:
    lines = EntryLines()
    return [
        click.unstyle(line) for it in entries for line in lines.format(it, is_complete=is_complete)
    ]


def test_a_call_is_told_with_its_prompt_its_exchange_and_its_end() -> None:
    polls = [entry(second, "status", 202) for second in (1, 2, 3)]
    assert told(CALL, *polls, entry(4, "result"), entry(5, "result")) == [
        '00:00:00 queue   fal-ai/any-llm  "a long prompt that is cut after forty …  200  '
        "x.yaml:3  id-1",
        "00:00:04 end     fal-ai/any-llm  result 200 after 4.000s, 3 polls  id-1",
    ]
    assert told(CALL, entry(2, "cancel", 202))[1] == (
        "00:00:02 end     fal-ai/any-llm  cancel 202 after 2.000s, 0 polls  id-1"
    )


def test_a_miss_is_told_in_two_lines() -> None:
    missed = entry(
        0,
        "call",
        404,
        endpoint="a/b",
        via="run",
        input={"messages": [{"content": "hi"}]},
        note="miss",
        miss="no exchange for a/b (run); nearest: x.yaml:3: input.prompt is absent",
    )
    assert told(missed) == [
        '00:00:00 run     a/b  "hi"  404  id-1',
        "         no exchange for a/b (run)",
        "         nearest: x.yaml:3: input.prompt is absent",
    ]


def test_polls_are_told_if_they_fail_or_were_struck_by_a_fault() -> None:
    assert told(entry(0, "status", 202)) == []
    assert told(entry(0, "status", 202), is_complete=True) == ["00:00:00 status  202  id-1"]
    assert told(entry(0, "status", 502, note="fault: nginx-502")) == [
        "00:00:00 status  502  fault: nginx-502  id-1"
    ]
    assert told(entry(0, "webhook", 500, note="attempt 1 of 32")) == [
        "00:00:00 webhook 500  attempt 1 of 32  id-1"
    ]
