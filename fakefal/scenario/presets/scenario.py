"""Presets of scenarios, which apply to all calls of a tenant."""

from __future__ import annotations

from fakefal.scenario.presets.preset import scenario_preset, situation

SCENARIO_PRESETS = (
    scenario_preset(
        "account-locked",
        "403 for every call",
        "recorded",
        situation("balance-exhausted"),
        account="exhausted-balance",
    ),
    scenario_preset(
        "one-job-then-locked",
        "exactly one job is accepted, then 403",
        "recorded",
        situation("one-job-then-locked-again"),
        account={"state": "exhausted-balance", "after": 1},
    ),
    scenario_preset(
        "reads-locked",
        "locked after the first job, its status and result too",
        "recorded",
        situation("locked-while-a-job-runs"),
        account={"state": "exhausted-balance", "after": 1, "reads": "refused"},
    ),
    scenario_preset(
        "every-key-unknown",
        "401 for every key",
        "recorded",
        situation("bad-or-missing-key"),
        account="bad-key",
    ),
    scenario_preset(
        "queue-too-long",
        "500 requests wait, more than the caller allows",
        "documented",
        situation("queue-longer-than-allowed"),
        apps={"*": {"queue_length": 500}},
    ),
    scenario_preset(
        "app-removed",
        "404: no app exists any more",
        "inferred",
        situation("deprecated-model"),
        apps={"*": "removed"},
    ),
    scenario_preset(
        "host-down",
        "queue.fal.run resets every connection",
        "documented",
        situation("host-unreachable"),
        hosts={"queue.fal.run": "down"},
    ),
    scenario_preset(
        "unknown-fields-refused",
        "422 for unknown input keys",
        "inferred",
        "docs/reference/open-questions.md#unknown-input-fields",
        options={"unknown_fields": "refuse"},
    ),
    scenario_preset(
        "media-expired",
        "404 for every file",
        "inferred",
        situation("media-expired"),
        faults={"download": ["404 x*"]},
    ),
    scenario_preset(
        "media-truncated",
        "half of a file, then the connection is closed",
        "inferred",
        situation("wrong-cut-or-slow-file"),
        faults={"download": ["truncate"]},
    ),
    scenario_preset(
        "media-wrong-type",
        "a file as application/octet-stream",
        "inferred",
        situation("wrong-cut-or-slow-file"),
        faults={"download": [{"content_type": "application/octet-stream"}]},
    ),
    scenario_preset(
        "media-slow",
        "a file that is sent slowly",
        "inferred",
        situation("wrong-cut-or-slow-file"),
        faults={"download": [{"slow": {"bytes": 64, "every": "100ms"}}]},
    ),
    scenario_preset(
        "upload-locked",
        "403 at the start of an upload",
        "recorded",
        situation("upload-refused"),
        faults={"upload": ["exhausted-balance"]},
    ),
    scenario_preset(
        "upload-put-503",
        "503 for the bytes of an upload",
        "inferred",
        situation("upload-put-fails"),
        faults={"upload_put": ["503"]},
    ),
    scenario_preset(
        "upload-token-expired",
        "401 in the middle of an upload",
        "inferred",
        situation("upload-put-fails"),
        faults={"upload_put": ["401"]},
    ),
    scenario_preset(
        "webhook-keys-down",
        "the keys that verify webhooks cannot be fetched",
        "documented",
        situation("invalid-webhook-signature"),
        jwks="down",
    ),
    scenario_preset(
        "webhook-ten-retries",
        "ten retries of a webhook, as fal's older documentation says",
        "documented",
        "docs/reference/open-questions.md#webhook-retries",
        options={"webhook_retries": 10},
    ),
)
"""In the order of ``fakefal presets``."""
