"""Presets of replies: outputs, queue, responses, connections, webhooks."""

from __future__ import annotations

from fakefal.scenario.presets.preset import faults_preset, reply_preset, situation

_PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9aw"
    "AAAABJRU5ErkJggg=="
)

_OUTPUTS = (
    reply_preset(
        "invalid-input",
        "the input has no prompt: 422 with a list as detail",
        "documented",
        situation("invalid-input"),
        fail={"type": "missing", "loc": ["body", "prompt"], "msg": "Field required"},
    ),
    reply_preset(
        "echoed-input",
        "a rejection that repeats the input, data URI included",
        "recorded",
        situation("long-refusal-with-data-uris"),
        fail={
            "type": "content_policy_violation",
            "loc": ["body", "image_url"],
            "input": _PIXEL * 200,
        },
    ),
    reply_preset(
        "billed-refusal",
        "a 422 that is billed",
        "documented",
        situation("failed-job-billed"),
        fail="content_policy_violation",
        billable_units=1,
    ),
    reply_preset(
        "empty-images",
        "200 with an empty list of images",
        "recorded",
        situation("empty-or-differently-shaped-output"),
        output={"images": []},
    ),
    reply_preset(
        "single-image",
        "image instead of images",
        "recorded",
        situation("empty-or-differently-shaped-output"),
        output={"image": {"url": _PIXEL, "content_type": "image/png"}},
    ),
    reply_preset(
        "blocked-outputs",
        "the first of the images was blocked, and is black",
        "inferred",
        situation("some-outputs-blocked"),
        kind="images",
        has_nsfw_concepts=[True],
    ),
    reply_preset(
        "soft-error",
        "200 with an error inside",
        "documented",
        situation("error-inside-a-200"),
        error="upstream said no",
    ),
    reply_preset(
        "usage-missing",
        "an output without its optional fields",
        "documented",
        situation("reasoning-or-usage-missing"),
        omit_fields=["usage", "reasoning"],
    ),
)

_LIFECYCLE = (
    reply_preset(
        "stuck-in-queue",
        "IN_QUEUE at position 0, without end",
        "recorded",
        situation("stuck-in-the-queue"),
        timeline=[{"IN_QUEUE": {"position": 0, "forever": True}}],
    ),
    reply_preset(
        "growing-queue",
        "a position that grows: 3, 9, 12654",
        "recorded",
        situation("large-or-growing-queue-position"),
        timeline=[{"IN_QUEUE": {"position": position}} for position in (3, 9, 12654)]
        + ["IN_PROGRESS"],
    ),
    reply_preset(
        "stuck-in-progress",
        "IN_PROGRESS without logs and without end",
        "recorded",
        situation("stuck-in-progress"),
        timeline=["IN_QUEUE", {"IN_PROGRESS": {"forever": True}}],
    ),
    reply_preset(
        "no-waiting",
        "the submit returns IN_PROGRESS immediately",
        "recorded",
        situation("no-queue-wait"),
        timeline=[],
    ),
    reply_preset(
        "back-to-queue",
        "IN_PROGRESS, then IN_QUEUE again: the runner was lost",
        "documented",
        situation("requeued-after-a-runner-died"),
        retries=1,
    ),
    reply_preset(
        "retries-used-up",
        "ten attempts, ten lost runners, then the error",
        "documented",
        "docs/reference/protocol.md#limits-and-retries",
        retries=10,
    ),
    faults_preset(
        "result-not-ready",
        "COMPLETED, but the first two results are still in progress",
        "recorded",
        situation("result-requested-too-early"),
        result=["too-early x2"],
    ),
    reply_preset(
        "cancel-too-late",
        "the cancel is accepted, but the job finishes",
        "documented",
        situation("cancel-accepted-but-the-job-finishes"),
        cancel="too-late",
    ),
    reply_preset(
        "cancel-accepted",
        "a cancel ends a running job: 499",
        "recorded",
        situation("result-of-a-cancelled-request"),
        cancel="accepted",
        timeline=["IN_QUEUE", {"IN_PROGRESS": {"forever": True}}],
    ),
    reply_preset(
        "result-expired",
        "404 for the result an hour after the end",
        "inferred",
        situation("result-expired"),
        result_ttl="1h",
    ),
)

_RESPONSES = (
    faults_preset(
        "submit-502-twice",
        "two error pages of the load balancer, then no fault",
        "client",
        situation("gateway-error-page"),
        submit=["nginx-502 x2"],
        run=["nginx-502 x2"],
    ),
    faults_preset(
        "submit-502-identified",
        "the load balancer's error page, with x-fal-request-id",
        "client",
        situation("gateway-error-page"),
        submit=[{"fail": "nginx-502", "headers": {"x-fal-request-id": "from-the-gateway"}}],
    ),
    faults_preset(
        "status-500-twice",
        "500 for two polls; the job is not affected",
        "recorded",
        situation("server-error-while-polling"),
        status=["500 x2"],
    ),
    faults_preset(
        "result-504-once",
        "504 for the first result",
        "recorded",
        situation("result-read-fails-once"),
        result=["504"],
    ),
    faults_preset(
        "locked-while-running",
        "403 for one poll; the job is not affected",
        "recorded",
        situation("locked-while-a-job-runs"),
        status=["exhausted-balance"],
    ),
    faults_preset(
        "too-many-at-once",
        "429 for two direct runs over the limit, then no fault",
        "recorded",
        situation("concurrency-limit-on-a-direct-call"),
        run=["concurrent-requests-limit x2"],
    ),
    faults_preset(
        "status-without-logs",
        "status responses without logs",
        "client",
        situation("status-without-required-fields"),
        status=[{"drop": ["logs"], "times": "always"}],
    ),
    faults_preset(
        "status-without-position",
        "status responses without queue_position",
        "client",
        situation("status-without-required-fields"),
        status=[{"drop": ["queue_position"], "times": "always"}],
    ),
    faults_preset(
        "status-empty",
        "a status response with an empty body",
        "recorded",
        situation("status-without-required-fields"),
        status=["empty"],
    ),
    faults_preset(
        "unknown-status",
        "a status word that fal does not have",
        "unreal",
        situation("unknown-status-word"),
        status=[{"set": {"status": "PAUSED"}}],
    ),
)

_CONNECTIONS = (
    faults_preset(
        "accepted-then-reset",
        "the job exists, but the caller never gets its id",
        "recorded",
        situation("submit-accepted-connection-lost"),
        submit=["accepted-then-reset"],
    ),
    faults_preset(
        "poll-hangs",
        "one poll without a response",
        "recorded",
        situation("poll-hangs"),
        status=["hang"],
    ),
    faults_preset(
        "result-cut",
        "40 % of the result, then the connection is closed",
        "inferred",
        situation("truncated-json"),
        result=[{"truncate": 0.4}],
    ),
    faults_preset(
        "result-broken",
        "half of the result, with the Content-Length of that half",
        "inferred",
        situation("truncated-json"),
        result=["broken-json"],
    ),
    faults_preset(
        "huge-headers",
        "more than 16 KB of headers",
        "documented",
        situation("very-large-headers"),
        result=["huge-headers"],
    ),
    reply_preset(
        "stream-cut",
        "a stream that is closed after three events",
        "inferred",
        situation("stream-cut-off"),
        stream={"cut": {"after": 3}},
    ),
    reply_preset(
        "stream-reset",
        "a stream that is reset after three events",
        "inferred",
        situation("stream-cut-off"),
        stream={"cut": {"after": 3, "how": "reset"}},
    ),
    reply_preset(
        "stream-error",
        "an event with an error, then the end",
        "documented",
        situation("stream-cut-off"),
        stream={"cut": {"after": 3, "how": "error"}},
    ),
    reply_preset(
        "stream-stalled",
        "20 seconds of silence after the first event",
        "client",
        situation("silent-stream"),
        stream={"stall": "20s"},
    ),
    reply_preset(
        "stream-sliced",
        "a stream in single bytes, which splits characters and line ends",
        "inferred",
        situation("stream-split-at-any-byte"),
        stream={"slice": 1},
    ),
    reply_preset(
        "stream-never-final",
        "a stream that ends without its last event",
        "inferred",
        situation("stream-without-a-final-event"),
        stream={"final": False},
    ),
    faults_preset(
        "status-stream-cut",
        "a status stream that ends while IN_PROGRESS",
        "inferred",
        situation("status-stream-drops"),
        status_stream=[{"cut": {"after": 2}}],
    ),
)

_WEBHOOKS = (
    reply_preset(
        "webhook-twice",
        "delivered twice",
        "documented",
        situation("webhook-sent-twice"),
        webhook="twice",
    ),
    reply_preset(
        "webhook-early",
        "sent before the response to the submit",
        "inferred",
        situation("webhook-before-the-submit-response"),
        webhook="early",
    ),
    reply_preset(
        "webhook-late",
        "sent 40 minutes later",
        "recorded",
        situation("late-webhook"),
        webhook={"after": "40m"},
    ),
    reply_preset(
        "webhook-lost", "never sent", "recorded", situation("lost-webhook"), webhook="lost"
    ),
    reply_preset(
        "webhook-forged",
        "with a signature that no key verifies",
        "documented",
        situation("invalid-webhook-signature"),
        webhook="bad-signature",
    ),
    reply_preset(
        "webhook-stale",
        "signed six minutes ago",
        "documented",
        situation("invalid-webhook-signature"),
        webhook="stale",
    ),
    reply_preset(
        "webhook-payload-error",
        "payload null, with payload_error",
        "documented",
        situation("webhook-payload-error"),
        webhook="payload-error",
    ),
    reply_preset(
        "webhook-new-gateway-id",
        "gateway_request_id differs from request_id",
        "documented",
        situation("other-gateway-request-id"),
        webhook="new-gateway-id",
    ),
    reply_preset(
        "files-expired",
        "an output whose files have expired",
        "inferred",
        situation("media-expired"),
        kind="images",
        media="expired",
    ),
)

REPLY_PRESETS = (*_OUTPUTS, *_LIFECYCLE, *_RESPONSES, *_CONNECTIONS, *_WEBHOOKS)
"""In the order of ``fakefal presets``."""
