"""The presets of whole scenarios: what holds for all calls of a tenant."""

from __future__ import annotations

from fakefal.scenario.presets.preset import scenario_preset

SCENARIO_PRESETS = (
    scenario_preset(
        "account-locked",
        "every call is refused with 403",
        "recorded",
        "protocol.md section 7.3",
        account="exhausted-balance",
    ),
    scenario_preset(
        "one-job-then-locked",
        "exactly one job is accepted, then 403",
        "recorded",
        "failures.md 4",
        account={"state": "exhausted-balance", "after": 1},
    ),
    scenario_preset(
        "reads-locked",
        "locked after the first job, its reads too",
        "recorded",
        "failures.md 5",
        account={"state": "exhausted-balance", "after": 1, "reads": "refused"},
    ),
    scenario_preset(
        "every-key-unknown",
        "401 for whatever key",
        "recorded",
        "protocol.md section 7.3",
        account="bad-key",
    ),
    scenario_preset(
        "queue-too-long",
        "500 requests wait, more than the caller allowed",
        "documented",
        "protocol.md section 3.1",
        apps={"*": {"queue_length": 500}},
    ),
    scenario_preset(
        "app-gone",
        "no app is there any more: 404",
        "inferred",
        "failures.md 67",
        apps={"*": "gone"},
    ),
    scenario_preset(
        "full-path-405",
        "status URLs with the endpoint's path: 405",
        "recorded",
        "protocol.md section 2",
        options={"subpath": "refuse-405"},
    ),
    scenario_preset(
        "host-down",
        "queue.fal.run resets every connection",
        "documented",
        "failures.md 44",
        hosts={"queue.fal.run": "down"},
    ),
    scenario_preset(
        "unknown-fields-refused",
        "unknown input keys: 422",
        "inferred",
        "protocol.md section 16 row 32",
        options={"unknown_fields": "refuse"},
    ),
    scenario_preset(
        "media-expired",
        "404 for every file",
        "inferred",
        "failures.md 68",
        faults={"download": ["404 x*"]},
    ),
    scenario_preset(
        "media-truncated",
        "half of a file, then the connection closes",
        "inferred",
        "failures.md 69",
        faults={"download": ["truncate"]},
    ),
    scenario_preset(
        "media-wrong-type",
        "a file as application/octet-stream",
        "inferred",
        "failures.md 69",
        faults={"download": [{"content_type": "application/octet-stream"}]},
    ),
    scenario_preset(
        "media-slow",
        "a file in drops",
        "inferred",
        "failures.md 69",
        faults={"download": [{"slow": {"bytes": 64, "every": "100ms"}}]},
    ),
    scenario_preset(
        "upload-locked",
        "403 at the start of an upload",
        "recorded",
        "failures.md 70",
        faults={"upload": ["exhausted-balance"]},
    ),
    scenario_preset(
        "upload-put-503",
        "503 for the bytes of an upload",
        "inferred",
        "failures.md 71",
        faults={"upload_put": ["503"]},
    ),
    scenario_preset(
        "upload-token-expired",
        "401 half-way through an upload",
        "inferred",
        "failures.md 71",
        faults={"upload_put": ["401"]},
    ),
    scenario_preset(
        "webhook-keys-down",
        "the keys that verify webhooks cannot be fetched",
        "documented",
        "failures.md 57",
        jwks="down",
    ),
    scenario_preset(
        "webhook-ten-retries",
        "the older plan: ten retries of a webhook",
        "documented",
        "protocol.md section 16 row 16",
        options={"webhook_retries": 10},
    ),
)
"""Every preset that a scenario may name at its top."""
