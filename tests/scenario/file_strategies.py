"""Strategies of property tests: valid scenario files."""

from __future__ import annotations

from hypothesis import strategies as st

from fakefal.protocol.core.compat_flags import PROFILES
from fakefal.protocol.core.hosts import CANONICAL_HOSTS
from fakefal.protocol.errors.fault import OPERATIONS
from fakefal.scenario.model.defaults import ACCOUNT_STATES
from fakefal.scenario.model.scenario import Scenario
from fakefal.scenario.model.webhooks import JWKS_WORDS
from fakefal.scenario.presets.registry import preset_names
from tests.scenario.reply_strategies import DURATIONS, FAULT_LISTS, REPLIES, fault_fields
from tests.scenario.strategies import GLOBS, TEXT, WHENS, Data

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
    """Without via if there are faults, which are for operations that not every via has."""
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
        "log_entries": st.sampled_from(["recorded", "documented"]),
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
        "faults": fault_fields(OPERATIONS),
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
"""Valid scenario files, as plain data."""

SCENARIOS: st.SearchStrategy[Scenario] = FILES.map(Scenario.model_validate)
