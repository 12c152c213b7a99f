"""The presets of whole scenarios: what holds for all calls of a tenant."""

from __future__ import annotations

from fakefal.scenario.presets.preset import for_scenario

TENANT_PRESETS = (
    for_scenario(
        "account-locked",
        "every call is refused with 403",
        "recorded",
        "protocol.md section 7.3",
        account="exhausted-balance",
    ),
    for_scenario(
        "one-job-then-locked",
        "exactly one job is accepted, then 403",
        "recorded",
        "failures.md 4",
        account={"state": "exhausted-balance", "after": 1},
    ),
    for_scenario(
        "reads-locked",
        "locked after the first job, its reads too",
        "recorded",
        "failures.md 5",
        account={"state": "exhausted-balance", "after": 1, "reads": "refused"},
    ),
    for_scenario(
        "every-key-unknown",
        "401 for whatever key",
        "recorded",
        "protocol.md section 7.3",
        account="bad-key",
    ),
    for_scenario(
        "queue-too-long",
        "500 requests wait, more than the caller allowed",
        "documented",
        "protocol.md section 3.1",
        apps={"*": {"queue_length": 500}},
    ),
    for_scenario(
        "app-gone",
        "no app is there any more: 404",
        "inferred",
        "failures.md 67",
        apps={"*": "gone"},
    ),
    for_scenario(
        "full-path-405",
        "status URLs with the endpoint's path: 405",
        "recorded",
        "protocol.md section 2",
        options={"subpath": "refuse-405"},
    ),
    for_scenario(
        "host-down",
        "queue.fal.run resets every connection",
        "documented",
        "failures.md 44",
        hosts={"queue.fal.run": "down"},
    ),
    for_scenario(
        "unknown-fields-refused",
        "unknown input keys: 422",
        "inferred",
        "protocol.md section 16 row 32",
        options={"unknown_fields": "refuse"},
    ),
    for_scenario(
        "media-expired",
        "404 for every file",
        "inferred",
        "failures.md 68",
        faults={"download": ["404 x*"]},
    ),
    for_scenario(
        "media-truncated",
        "half of a file, then the connection closes",
        "inferred",
        "failures.md 69",
        faults={"download": ["truncate"]},
    ),
    for_scenario(
        "media-wrong-type",
        "a file as application/octet-stream",
        "inferred",
        "failures.md 69",
        faults={"download": [{"content_type": "application/octet-stream"}]},
    ),
    for_scenario(
        "media-slow",
        "a file in drops",
        "inferred",
        "failures.md 69",
        faults={"download": [{"slow": {"bytes": 64, "every": "100ms"}}]},
    ),
    for_scenario(
        "upload-locked",
        "403 at the start of an upload",
        "recorded",
        "failures.md 70",
        faults={"upload": ["exhausted-balance"]},
    ),
    for_scenario(
        "upload-put-503",
        "503 for the bytes of an upload",
        "inferred",
        "failures.md 71",
        faults={"upload_put": ["503"]},
    ),
    for_scenario(
        "upload-token-expired",
        "401 half-way through an upload",
        "inferred",
        "failures.md 71",
        faults={"upload_put": ["401"]},
    ),
    for_scenario(
        "webhook-keys-down",
        "the keys that verify webhooks cannot be fetched",
        "documented",
        "failures.md 57",
        jwks="down",
    ),
    for_scenario(
        "webhook-ten-retries",
        "the older plan: ten retries of a webhook",
        "documented",
        "protocol.md section 16 row 16",
        options={"webhook_retries": 10},
    ),
)
"""Every preset that a scenario may name at its top."""
