"""The presets of replies."""

from __future__ import annotations

from fakefal.scenario.presets.preset import faults_preset, reply_preset

_QUEUE_SOURCE = "protocol.md sections 3, 15"
_STREAM_SOURCE = "protocol.md section 5"
_PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9aw"
    "AAAABJRU5ErkJggg=="
)

_OUTPUTS = (
    reply_preset(
        "invalid-input",
        "the input lacks its prompt: 422 with a list as detail",
        "documented",
        "protocol.md sections 6.5, 7.1",
        fail={"type": "missing", "loc": ["body", "prompt"], "msg": "Field required"},
    ),
    reply_preset(
        "echoed-input",
        "a refusal that repeats the input, data URI and all",
        "recorded",
        "protocol.md section 7.1",
        fail={
            "type": "content_policy_violation",
            "loc": ["body", "image_url"],
            "input": _PIXEL * 200,
        },
    ),
    reply_preset(
        "billed-refusal",
        "a 422 that is billed all the same",
        "documented",
        "protocol.md section 15",
        fail="content_policy_violation",
        billable_units=1,
    ),
    reply_preset(
        "empty-images", "200 with no image in it", "recorded", _QUEUE_SOURCE, output={"images": []}
    ),
    reply_preset(
        "single-image",
        "image where images was expected",
        "recorded",
        _QUEUE_SOURCE,
        output={"image": {"url": _PIXEL, "content_type": "image/png"}},
    ),
    reply_preset(
        "blocked-outputs",
        "some of the images were blocked",
        "inferred",
        _QUEUE_SOURCE,
        output={
            "images": [{"url": _PIXEL}, {"url": _PIXEL}],
            "has_nsfw_concepts": [True, False],
        },
    ),
    reply_preset(
        "soft-error",
        "200 with an error inside",
        "documented",
        "protocol.md section 6.2",
        error="upstream said no",
    ),
    reply_preset(
        "usage-missing",
        "an output without its optional fields",
        "documented",
        "protocol.md section 6.4",
        omit=["usage", "reasoning"],
    ),
)

_LIFECYCLE = (
    reply_preset(
        "stuck-in-queue",
        "IN_QUEUE at position 0 for ever",
        "recorded",
        _QUEUE_SOURCE,
        timeline=[{"IN_QUEUE": {"position": 0, "forever": True}}],
    ),
    reply_preset(
        "growing-queue",
        "a position that grows: 3, 9, 12654",
        "recorded",
        _QUEUE_SOURCE,
        timeline=[{"IN_QUEUE": {"position": position}} for position in (3, 9, 12654)]
        + ["IN_PROGRESS"],
    ),
    reply_preset(
        "stuck-in-progress",
        "IN_PROGRESS for ever, without news",
        "recorded",
        _QUEUE_SOURCE,
        timeline=["IN_QUEUE", {"IN_PROGRESS": {"forever": True}}],
    ),
    reply_preset(
        "no-waiting", "submit answers IN_PROGRESS at once", "recorded", _QUEUE_SOURCE, timeline=[]
    ),
    reply_preset(
        "back-to-queue",
        "IN_PROGRESS, then IN_QUEUE again: the runner was lost",
        "documented",
        _QUEUE_SOURCE,
        retries=1,
    ),
    reply_preset(
        "retries-used-up",
        "ten attempts, ten lost runners, then the failure",
        "documented",
        _QUEUE_SOURCE,
        retries=10,
    ),
    faults_preset(
        "result-not-ready",
        "COMPLETED, but the result is still in progress twice",
        "recorded",
        "protocol.md section 3.4",
        result=["too-early x2"],
    ),
    reply_preset(
        "cancel-too-late",
        "the cancel is accepted, and the job finishes all the same",
        "documented",
        "protocol.md section 3.5",
        cancel="too-late",
    ),
    reply_preset(
        "cancel-honoured",
        "a running job ends by the cancel: 499",
        "recorded",
        "protocol.md section 3.5",
        cancel="honoured",
        timeline=["IN_QUEUE", {"IN_PROGRESS": {"forever": True}}],
    ),
    reply_preset(
        "result-expired",
        "404 for the result an hour after the end",
        "inferred",
        "protocol.md section 3.6",
        keep="1h",
    ),
)

_RESPONSES = (
    faults_preset(
        "submit-502-twice",
        "two pages of the load balancer, then healthy",
        "client",
        "protocol.md section 3.10",
        submit=["nginx-502 x2"],
        run=["nginx-502 x2"],
    ),
    faults_preset(
        "submit-502-identified",
        "the page of the load balancer with x-fal-request-id on it",
        "client",
        "protocol.md section 3.10",
        submit=[{"fail": "nginx-502", "headers": {"x-fal-request-id": "from-the-gateway"}}],
    ),
    faults_preset(
        "status-500-twice",
        "500 for two polls, the job is fine",
        "recorded",
        "protocol.md section 3.2",
        status=["500 x2"],
    ),
    faults_preset(
        "result-504-once", "504 for the first result", "recorded", _QUEUE_SOURCE, result=["504"]
    ),
    faults_preset(
        "locked-while-running",
        "a poll is refused with 403, the job goes on",
        "recorded",
        "protocol.md section 3.2",
        status=["exhausted-balance"],
    ),
    faults_preset(
        "too-many-at-once",
        "two direct runs over the limit, then healthy",
        "recorded",
        "protocol.md section 3.9",
        run=["concurrent-requests-limit x2"],
    ),
    faults_preset(
        "status-without-logs",
        "status bodies lack logs",
        "client",
        "protocol.md appendix A",
        status=[{"drop": ["logs"], "times": "always"}],
    ),
    faults_preset(
        "status-without-position",
        "status bodies lack queue_position",
        "client",
        "protocol.md appendix A",
        status=[{"drop": ["queue_position"], "times": "always"}],
    ),
    faults_preset(
        "status-empty",
        "a status of no bytes",
        "recorded",
        "protocol.md appendix A",
        status=["empty"],
    ),
    faults_preset(
        "unknown-status",
        "a status word that fal does not have",
        "unreal",
        "protocol.md section 3.2",
        status=[{"set": {"status": "PAUSED"}}],
    ),
)

_CONNECTIONS = (
    faults_preset(
        "accepted-then-reset",
        "the job exists, the caller never learns its id",
        "recorded",
        "failures.md 42",
        submit=["accepted-then-reset"],
    ),
    faults_preset(
        "poll-hangs", "one poll is met by silence", "recorded", "failures.md 43", status=["hang"]
    ),
    faults_preset(
        "result-cut",
        "40 % of the result, then the connection closes",
        "inferred",
        "failures.md 45",
        result=[{"truncate": 0.4}],
    ),
    faults_preset(
        "result-broken",
        "half of the result as if it were the whole",
        "inferred",
        "failures.md 45",
        result=["broken-json"],
    ),
    faults_preset(
        "huge-headers",
        "more than 16 KB of headers",
        "documented",
        "protocol.md section 3.8",
        result=["huge-headers"],
    ),
    reply_preset(
        "stream-cut",
        "a stream that closes after three events",
        "inferred",
        _STREAM_SOURCE,
        stream={"cut": {"after": 3}},
    ),
    reply_preset(
        "stream-reset",
        "a stream that is reset after three events",
        "inferred",
        _STREAM_SOURCE,
        stream={"cut": {"after": 3, "how": "reset"}},
    ),
    reply_preset(
        "stream-error",
        "an event with an error, then the end",
        "documented",
        _STREAM_SOURCE,
        stream={"cut": {"after": 3, "how": "error"}},
    ),
    reply_preset(
        "stream-stalled",
        "20 seconds of silence after the first event",
        "client",
        _STREAM_SOURCE,
        stream={"stall": "20s"},
    ),
    reply_preset(
        "stream-sliced",
        "a stream byte by byte, through characters and line ends",
        "inferred",
        _STREAM_SOURCE,
        stream={"slice": 1},
    ),
    reply_preset(
        "stream-never-final",
        "a stream that ends without its last event",
        "inferred",
        _STREAM_SOURCE,
        stream={"final": False},
    ),
    faults_preset(
        "status-stream-cut",
        "a status stream that ends while IN_PROGRESS",
        "inferred",
        "protocol.md section 3.3",
        status_stream=[{"cut": {"after": 2}}],
    ),
)

_WEBHOOK_SOURCE = "protocol.md section 8"

_WEBHOOKS = (
    reply_preset(
        "webhook-twice", "delivered twice", "documented", _WEBHOOK_SOURCE, webhook="twice"
    ),
    reply_preset(
        "webhook-early", "before the answer of submit", "inferred", _WEBHOOK_SOURCE, webhook="early"
    ),
    reply_preset(
        "webhook-late", "40 minutes later", "recorded", _WEBHOOK_SOURCE, webhook={"after": "40m"}
    ),
    reply_preset("webhook-lost", "never sent", "recorded", _WEBHOOK_SOURCE, webhook="lost"),
    reply_preset(
        "webhook-forged",
        "with a signature that no key verifies",
        "documented",
        _WEBHOOK_SOURCE,
        webhook="bad-signature",
    ),
    reply_preset(
        "webhook-stale", "signed six minutes ago", "documented", _WEBHOOK_SOURCE, webhook="stale"
    ),
    reply_preset(
        "webhook-payload-error",
        "payload null, with payload_error",
        "documented",
        _WEBHOOK_SOURCE,
        webhook="payload-error",
    ),
    reply_preset(
        "webhook-new-gateway-id",
        "gateway_request_id differs from request_id",
        "documented",
        _WEBHOOK_SOURCE,
        webhook="new-gateway-id",
    ),
    reply_preset(
        "files-expired",
        "an output whose files have expired",
        "inferred",
        "protocol.md section 10.6",
        kind="images",
        media="expired",
    ),
)

REPLY_PRESETS = (*_OUTPUTS, *_LIFECYCLE, *_RESPONSES, *_CONNECTIONS, *_WEBHOOKS)
"""Every preset that a reply may name."""
