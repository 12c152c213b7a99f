"""Strategies of property tests: valid replies, with streams, faults and webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from fakefal.protocol.errors.catalog import error_names
from fakefal.scenario.model.failure import RETRIED_NAMES
from fakefal.scenario.model.faults import fault_names
from fakefal.scenario.model.webhooks import WEBHOOK_WORDS
from fakefal.scenario.presets.registry import reply_preset_names
from tests.scenario.strategies import JSON, NAMES, TEXT, Data

DURATIONS = st.integers(0, 10**6).map(lambda n: n / 1000) | st.sampled_from(
    ["1.5s", "300ms", "1h30m", "0s", 1e-7, 1e9, "2 m"]
)
_LOGS = st.lists(
    TEXT
    | st.fixed_dictionaries(
        {"message": TEXT},
        optional={
            "level": st.sampled_from(["STDERR", "STDOUT", "ERROR", "WARNING", "DEBUG", "TRACE"]),
            "source": TEXT,
            "labels": st.dictionaries(TEXT, TEXT, max_size=2),
        },
    ),
    max_size=2,
)


def _step(state: str, fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Data]:
    limits = st.fixed_dictionaries(
        {}, optional={"polls": st.integers(0, 3), "for": DURATIONS, "logs": _LOGS, **fields}
    )
    return (limits | st.none()).map(lambda detail: {state: detail})


STEPS = st.lists(
    st.sampled_from(["IN_QUEUE", "IN_PROGRESS"])
    | _step("IN_QUEUE", {"position": st.integers(0, 9)})
    | _step("IN_PROGRESS", {}),
    max_size=3,
)
HEADERS = st.dictionaries(
    st.sampled_from(["x-a", "X-B"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{\r\n\0"), max_size=8),
)
WITHOUT_TEMPLATES = JSON.filter(lambda value: "{" not in str(value).replace("{'", ""))
WORDS = TEXT.map(lambda text: text.replace("{", ""))

CUTS: st.SearchStrategy[Data] = st.fixed_dictionaries(
    {}, optional={"after": st.integers(0, 5), "how": st.sampled_from(["close", "reset"])}
) | st.fixed_dictionaries({"how": st.just("stall")}, optional={"for": DURATIONS})
STREAMS: st.SearchStrategy[Data] = st.builds(
    lambda cut, pace: {**cut, **pace},
    st.sampled_from([{}, {"by": "char"}, {"by": "line"}, {"by": "word"}, {"count": 3}])
    | st.lists(TEXT, max_size=3).map(lambda chunks: {"chunks": chunks})
    | st.lists(WITHOUT_TEMPLATES, max_size=2).map(lambda events: {"events": events}),
    st.fixed_dictionaries(
        {},
        optional={
            "first": DURATIONS,
            "every": DURATIONS,
            "cut": CUTS | TEXT.map(lambda text: {"how": "error", "error": text}),
            "stall": DURATIONS
            | st.fixed_dictionaries({}, optional={"after": st.integers(0, 3), "for": DURATIONS}),
            "slice": st.integers(1, 9),
            "final": st.booleans(),
        },
    ),
)
FAILS = st.sampled_from(error_names()) | st.sampled_from(
    [
        {"type": "no_media_generated"},
        {"type": "mine", "loc": ["body", 0], "msg": "m", "ctx": {"a": 1}, "input": None},
        {"error_type": "runner_disconnected", "detail": "gone"},
        {"error_type": "mine", "status": 503},
        {"status": 418, "body": {"detail": "teapot"}, "headers": {"x-a": "b"}},
        {"status": 500, "detail": "{{ input.prompt }}"},
    ]
)
ENDS: st.SearchStrategy[Data] = (
    st.tuples(
        st.sampled_from(["reset", "close", "hang"]),
        st.sampled_from(["before", "accepted", "headers", "during", "after"]),
    ).map(lambda end: {end[0]: end[1]})
    | st.fixed_dictionaries({"hang": st.just("before"), "for": DURATIONS})
    | (st.floats(0, 1) | st.sampled_from(["40%", "0%", "12.5%"])).map(
        lambda share: {"truncate": share}
    )
    | st.just({})
)
ANSWERS: st.SearchStrategy[Data] = (
    FAILS.map(lambda fail: {"fail": fail})
    | st.integers(200, 599).map(lambda status: {"status": status})
    | st.fixed_dictionaries(
        {}, optional={"drop": st.lists(NAMES, max_size=2), "set": st.dictionaries(NAMES, JSON)}
    )
)
NOT_EVERYWHERE = ("too-early", "empty", "broken-json", "unanswered")
FAULT_WORDS = [word for word in fault_names() if word not in NOT_EVERYWHERE]
FAULT_SPECS: st.SearchStrategy[Data] = st.builds(
    lambda *parts: {name: value for part in parts for name, value in part.items()},
    st.just({"delay": 1}) | HEADERS.map(lambda headers: {"headers": headers}),
    ENDS,
    ANSWERS,
    st.fixed_dictionaries(
        {},
        optional={
            "delay": DURATIONS,
            "content_type": st.just("a/b"),
            "header_bytes": st.integers(1, 9),
            "slow": st.fixed_dictionaries(
                {}, optional={"bytes": st.integers(1, 9), "every": DURATIONS}
            ),
            "accepted": st.booleans(),
            "times": st.integers(1, 9),
        },
    ),
)
FAULTS = (
    st.sampled_from(FAULT_WORDS)
    | st.tuples(st.sampled_from(FAULT_WORDS), st.integers(1, 9)).map(
        lambda fault: f"{fault[0]} x{fault[1]}"
    )
    | st.integers(400, 599)
    | FAULT_SPECS
)
FAULT_LISTS = FAULTS | st.builds(
    lambda several, last: [*several, *last],
    st.lists(FAULTS, min_size=1, max_size=3),
    st.sampled_from([[], ["reset x*"], [{"status": 500, "times": "always"}]]),
)


def fault_fields(operations: Sequence[str]) -> st.SearchStrategy[Data]:
    return st.dictionaries(st.sampled_from(operations), FAULT_LISTS, max_size=3)


CALL_OPERATIONS = ["submit", "status", "status_stream", "result", "cancel", "run", "stream"]
ANY_PRESETS = [name for name in reply_preset_names() if name != "files-expired"]
RETRIES = st.integers(0, 100) | st.fixed_dictionaries(
    {}, optional={"times": st.integers(0, 100), "after": st.sampled_from(RETRIED_NAMES)}
)
TOOL_CALLS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["now", "get_weather"])},
        optional={
            "arguments": WITHOUT_TEMPLATES,
            "id": st.sampled_from(["call_1", "{{ request_id }}"]),
        },
    ),
    min_size=1,
    max_size=2,
)
COMPLETION_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "finish_reason": st.sampled_from(["stop", "length", "content_filter"]),
    "usage": st.fixed_dictionaries(
        {}, optional={"prompt_tokens": st.integers(0, 9), "cost": st.floats(0, 1)}
    ),
}
OUTCOMES: st.SearchStrategy[Data] = (
    st.just({})
    | st.fixed_dictionaries({"text": WORDS}, optional={"reasoning": WORDS, "error": WORDS})
    | st.fixed_dictionaries(
        {"tool_calls": TOOL_CALLS}, optional={"text": WORDS, **COMPLETION_FIELDS}
    )
    | st.fixed_dictionaries({"text": WORDS}, optional=COMPLETION_FIELDS)
    | WITHOUT_TEMPLATES.map(lambda output: {"output": output})
    | st.just({"output": ["{{ request_id }}", {"a": "{{ input }}"}]})
    | FAILS.map(lambda fail: {"fail": fail})
)
WEBHOOKS: st.SearchStrategy[Any] = st.sampled_from([*WEBHOOK_WORDS, "unknown_key"]) | (
    st.fixed_dictionaries(
        {},
        optional={
            "after": DURATIONS,
            "duplicates": st.integers(0, 100),
            "signature": st.sampled_from(["bad", "stale", "altered_body", "unknown-key"]),
            "payload_error": st.booleans() | TEXT,
            "gateway_request_id": st.sampled_from(["new", "g"]),
            "order": st.integers(1, 9),
        },
    )
)
REPLIES: st.SearchStrategy[Data] = st.builds(
    lambda outcome, fields: {**outcome, **fields},
    OUTCOMES,
    st.fixed_dictionaries(
        {},
        optional={
            "timeline": STEPS,
            "headers": HEADERS,
            "inference_time": DURATIONS,
            "billable_units": st.integers(0, 9) | st.sampled_from([0.5, 1e16]),
            "webhook": WEBHOOKS,
            "cancel": st.sampled_from(["ignored", "accepted", "too-late"]),
            "retries": RETRIES,
            "result_ttl": DURATIONS,
            "faults": fault_fields(CALL_OPERATIONS),
            "preset": st.sampled_from(ANY_PRESETS) | st.lists(st.sampled_from(ANY_PRESETS)),
        },
    ),
) | STREAMS.map(lambda stream: {"stream": stream})
