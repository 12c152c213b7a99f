"""Random JSON, patterns, calls and scenarios for the property tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from fakefal.protocol.core.call import VIAS, Call, Via
from fakefal.protocol.core.compat_flags import PROFILES
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.protocol.core.hosts import CANONICAL_HOSTS
from fakefal.protocol.errors.catalog import error_names
from fakefal.protocol.errors.fault import OPERATIONS
from fakefal.scenario.model.defaults import ACCOUNT_STATES
from fakefal.scenario.model.failure import RETRIED_NAMES
from fakefal.scenario.model.faults import fault_names
from fakefal.scenario.model.scenario import Exchange, Scenario
from fakefal.scenario.model.webhooks import JWKS_WORDS, WEBHOOK_WORDS
from fakefal.scenario.presets.registry import preset_names, reply_preset_names

Data = dict[str, Any]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = st.sampled_from(["a", "b", "é", "e\u0301", "prompt", "model"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.0, 1.0, -0.0, 1.5, 1e300, 10**400])
    | st.sampled_from(["", "a", "ab", "é", "e\u0301", "1"])
    | TEXT
)
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def _operators(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Data]:
    numbers = st.integers(-2, 2) | st.sampled_from([0.5, 1e300])
    several = st.lists(inner, min_size=1, max_size=2)
    types = ["string", "number", "integer", "boolean", "array", "object", "null"]
    optional: dict[str, st.SearchStrategy[Any]] = {
        "$eq": JSON,
        "$contains": inner,
        "$regex": st.sampled_from(["a", "^a", "é$", ".", "(?i)A", "^$"]),
        "$any": several,
        "$all": several,
        "$not": inner,
        "$gt": numbers,
        "$gte": numbers,
        "$lt": numbers,
        "$lte": numbers,
        "$absent": st.booleans(),
        "$type": st.sampled_from(types),
        "$length": inner,
    }
    one = st.one_of([st.tuples(st.just(key), found) for key, found in optional.items()])
    return st.lists(one, min_size=1, max_size=2).map(dict)


PATTERNS: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2) | _operators(inner)
    ),
    max_leaves=6,
)
"""Patterns with every operator."""

ENDPOINTS = ["fal-ai/any-llm", "fal-ai/any-llm/vision", "fal-ai/flux", "me/app"]
GLOBS = [*ENDPOINTS, "fal-ai/*", "*", "*/any-llm*", "/fal-ai/flux/", "fal-ai/fl?x"]


def call(
    input_: Any = None,
    endpoint: str = "fal-ai/any-llm",
    via: Via = "queue",
    headers: dict[str, str] | None = None,
) -> Call:
    """A call, of any-llm by the queue unless said otherwise."""
    parsed = parse_endpoint(endpoint)
    assert parsed is not None
    return Call(parsed, via, input_, headers or {})


CALLS = st.builds(
    call,
    JSON | st.fixed_dictionaries({}, optional={"prompt": SCALARS, "model": SCALARS, "a": JSON}),
    st.sampled_from(ENDPOINTS),
    st.sampled_from(VIAS),
    st.dictionaries(st.sampled_from(["x-a", "x-b"]), TEXT, max_size=2),
)

WHENS: st.SearchStrategy[Data] = st.fixed_dictionaries(
    {},
    optional={
        "endpoint": st.sampled_from(GLOBS)
        | st.lists(st.sampled_from(GLOBS), min_size=1, max_size=2),
        "via": st.sampled_from(VIAS) | st.lists(st.sampled_from(VIAS), min_size=1, max_size=2),
        "input": PATTERNS
        | st.fixed_dictionaries({}, optional={"prompt": SCALARS, "model": PATTERNS, "a": SCALARS}),
        "headers": st.dictionaries(st.sampled_from(["X-A", "x-b"]), SCALARS, max_size=1),
    },
)

DURATIONS = st.integers(0, 10**6).map(lambda n: n / 1000) | st.sampled_from(
    ["1.5s", "300ms", "1h30m", "0s", 1e-7, 1e9, "2 m"]
)
_LOGS = st.lists(
    TEXT
    | st.fixed_dictionaries(
        {"message": TEXT},
        optional={
            "level": st.sampled_from(["STDERR", "STDOUT", "ERROR", "INFO", "WARN", "DEBUG"]),
            "source": TEXT,
            "labels": st.dictionaries(TEXT, TEXT, max_size=2),
        },
    ),
    max_size=2,
)


def _step(state: str, more: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Data]:
    limits = st.fixed_dictionaries(
        {}, optional={"polls": st.integers(0, 3), "for": DURATIONS, "logs": _LOGS, **more}
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
PLAIN = JSON.filter(lambda value: "{" not in str(value).replace("{'", ""))
WORDS = TEXT.map(lambda text: text.replace("{", ""))

CUTS: st.SearchStrategy[Data] = st.fixed_dictionaries(
    {}, optional={"after": st.integers(0, 5), "how": st.sampled_from(["close", "reset"])}
) | st.fixed_dictionaries({"how": st.just("stall")}, optional={"for": DURATIONS})
STREAMS: st.SearchStrategy[Data] = st.builds(
    lambda cut, pace: {**cut, **pace},
    st.sampled_from([{}, {"by": "char"}, {"by": "line"}, {"by": "word"}, {"count": 3}])
    | st.lists(TEXT, max_size=3).map(lambda chunks: {"chunks": chunks})
    | st.lists(PLAIN, max_size=2).map(lambda events: {"events": events}),
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
    ).map(lambda it: {it[0]: it[1]})
    | st.fixed_dictionaries({"hang": st.just("before"), "for": DURATIONS})
    | (st.floats(0, 1) | st.sampled_from(["40%", "0%", "12.5%"])).map(lambda it: {"truncate": it})
    | st.just({})
)
ANSWERS: st.SearchStrategy[Data] = (
    FAILS.map(lambda fail: {"fail": fail})
    | st.integers(200, 599).map(lambda status: {"status": status})
    | st.fixed_dictionaries(
        {}, optional={"drop": st.lists(NAMES, max_size=2), "set": st.dictionaries(NAMES, JSON)}
    )
)
OF_SOME = ("too-early", "empty", "broken-json", "unanswered")
FAULT_WORDS = [word for word in fault_names() if word not in OF_SOME]
FAULTS_SPELLED: st.SearchStrategy[Data] = st.builds(
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
    | st.tuples(st.sampled_from(FAULT_WORDS), st.integers(1, 9)).map(lambda it: f"{it[0]} x{it[1]}")
    | st.integers(400, 599)
    | FAULTS_SPELLED
)
FAULT_LISTS = FAULTS | st.builds(
    lambda several, last: [*several, *last],
    st.lists(FAULTS, min_size=1, max_size=3),
    st.sampled_from([[], ["reset x*"], [{"status": 500, "times": "always"}]]),
)


def _faults(operations: Sequence[str]) -> st.SearchStrategy[Data]:
    return st.dictionaries(st.sampled_from(operations), FAULT_LISTS, max_size=3)


OF_ANY_CALL = ["submit", "status", "status_stream", "result", "cancel", "run", "stream"]
ANY_PRESETS = [name for name in reply_preset_names() if name != "files-expired"]
RETRIES = st.integers(0, 100) | st.fixed_dictionaries(
    {}, optional={"times": st.integers(0, 100), "after": st.sampled_from(RETRIED_NAMES)}
)
TOOL_CALLS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["now", "get_weather"])},
        optional={"arguments": PLAIN, "id": st.sampled_from(["call_1", "{{ request_id }}"])},
    ),
    min_size=1,
    max_size=2,
)
TOLD: dict[str, st.SearchStrategy[Any]] = {
    "finish_reason": st.sampled_from(["stop", "length", "content_filter"]),
    "usage": st.fixed_dictionaries(
        {}, optional={"prompt_tokens": st.integers(0, 9), "cost": st.floats(0, 1)}
    ),
}
OUTCOMES: st.SearchStrategy[Data] = (
    st.just({})
    | st.fixed_dictionaries({"text": WORDS}, optional={"reasoning": WORDS, "error": WORDS})
    | st.fixed_dictionaries({"tool_calls": TOOL_CALLS}, optional={"text": WORDS, **TOLD})
    | st.fixed_dictionaries({"text": WORDS}, optional=TOLD)
    | PLAIN.map(lambda output: {"output": output})
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
JWKS = st.sampled_from([*JWKS_WORDS]) | st.fixed_dictionaries(
    {},
    optional={
        "status": st.integers(400, 599),
        "delay": DURATIONS,
        "rotate_after": st.sampled_from(["1h", 0.5]),
        "keys": st.integers(1, 10),
        "empty": st.booleans(),
    },
)
REPLIES: st.SearchStrategy[Data] = st.builds(
    lambda outcome, more: {**outcome, **more},
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
            "faults": _faults(OF_ANY_CALL),
            "preset": st.sampled_from(ANY_PRESETS) | st.lists(st.sampled_from(ANY_PRESETS)),
        },
    ),
) | STREAMS.map(lambda stream: {"stream": stream})

EXCHANGES: st.SearchStrategy[Data] = st.builds(
    lambda base, reply: _for_any_call({**base, **reply}),
    st.fixed_dictionaries({"when": WHENS}, optional={"times": st.integers(1, 3)}),
    st.just({})
    | REPLIES.map(lambda reply: {"reply": reply})
    | st.builds(
        lambda replies, then: {"replies": replies, "then": then},
        st.lists(REPLIES, min_size=1, max_size=2),
        st.sampled_from(["last", "cycle", "miss"]),
    ),
)


def _for_any_call(data: Data) -> Data:
    """Without via, where faults are written that only some ways of calling can meet."""
    if "'faults'" in str(data):
        data = {**data, "when": {k: v for k, v in data["when"].items() if k != "via"}}
    return data


ACCOUNTS = st.sampled_from(ACCOUNT_STATES) | st.fixed_dictionaries(
    {"state": st.sampled_from(ACCOUNT_STATES)},
    optional={
        "after": st.integers(0, 9),
        "reads": st.sampled_from(["allowed", "refused"]),
        "concurrency": st.integers(1, 9),
    },
)
APPS = st.just("removed") | st.fixed_dictionaries(
    {},
    optional={
        "runners": st.integers(1, 9),
        "queue_length": st.integers(0, 9),
        "request_timeout": DURATIONS,
        "cancel": st.sampled_from(["ignored", "accepted", "too-late"]),
    },
)
OPTIONS: st.SearchStrategy[Data] = st.fixed_dictionaries(
    {},
    optional={
        "unmatched": st.sampled_from(["fail", "generate"]),
        "subpath": st.sampled_from(["accept", "refuse-405"]),
        "response_suffix": st.booleans(),
        "reads_after_cancel": st.sampled_from(["completed", "not-found"]),
        "error_in_status": st.booleans(),
        "cancel_answer": st.sampled_from(["status", "success"]),
        "key_wording": st.sampled_from(["by-call", "no-user", "invalid"]),
        "keys": st.sampled_from(["any", "strict"]) | st.lists(TEXT, max_size=2),
        "logs": st.sampled_from(["cumulative", "window"]),
        "stream_sse": st.sampled_from(["by-model", "named-crlf", "plain-crlf", "plain"]),
        "status_sse": st.sampled_from(["by-model", "named-crlf", "plain-crlf", "plain"]),
        "repeat_complete": st.booleans(),
        "long_prompts": st.sampled_from(["accept", "refuse"]),
        "unknown_fields": st.sampled_from(["ignore", "warn", "refuse"]),
        "profile": st.sampled_from(sorted(PROFILES)),
        "validate": st.booleans(),
    },
)
FILES: st.SearchStrategy[Data] = st.fixed_dictionaries(
    {"fakefal": st.just(1)},
    optional={
        "name": TEXT,
        "description": TEXT,
        "seed": st.integers(),
        "options": OPTIONS,
        "jwks": JWKS,
        "prices": st.dictionaries(
            st.sampled_from(["openai/gpt-4o", "acme/*"]),
            st.fixed_dictionaries(
                {}, optional={"input": st.floats(0, 9), "output": st.floats(0, 9)}
            ),
        ),
        "exchanges": st.lists(EXCHANGES, max_size=3),
        "preset": st.sampled_from(preset_names("scenario"))
        | st.lists(st.sampled_from(preset_names("scenario")), max_size=2),
        "account": ACCOUNTS,
        "accounts": st.dictionaries(st.sampled_from(["a:*", "*"]), ACCOUNTS, max_size=2),
        "apps": st.dictionaries(st.sampled_from(GLOBS), APPS, max_size=2),
        "hosts": st.dictionaries(
            st.sampled_from(sorted(CANONICAL_HOSTS)), st.just("down"), max_size=2
        ),
        "faults": _faults(OPERATIONS),
        "chaos": st.fixed_dictionaries(
            {"rate": st.floats(0, 1) | st.integers(0, 1), "faults": FAULT_LISTS},
            optional={
                "seed": st.integers(),
                "on": st.sampled_from(OPERATIONS)
                | st.lists(st.sampled_from(OPERATIONS), max_size=2),
            },
        ),
    },
)
"""Right scenario files, as plain data."""

SCENARIOS: st.SearchStrategy[Scenario] = FILES.map(Scenario.model_validate)


def exchange(**data: Any) -> Exchange:
    """An exchange from plain data."""
    return Exchange.model_validate(data)
