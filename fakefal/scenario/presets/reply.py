"""The presets of replies."""

from __future__ import annotations

from fakefal.scenario.presets.preset import for_faults, for_reply

_QUEUE = "protocol.md sections 3, 15"
_STREAM = "protocol.md section 5"
_PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9aw"
    "AAAABJRU5ErkJggg=="
)

_CALLS = (
    for_reply(
        "invalid-input",
        "the input lacks its prompt: 422 with a list as detail",
        "documented",
        "protocol.md sections 6.5, 7.1",
        fail={"type": "missing", "loc": ["body", "prompt"], "msg": "Field required"},
    ),
    for_reply(
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
    for_reply(
        "billed-refusal",
        "a 422 that is billed all the same",
        "documented",
        "protocol.md section 15",
        fail="content_policy_violation",
        billable_units=1,
    ),
    for_reply("empty-images", "200 with no image in it", "recorded", _QUEUE, output={"images": []}),
    for_reply(
        "single-image",
        "image where images was expected",
        "recorded",
        _QUEUE,
        output={"image": {"url": _PIXEL, "content_type": "image/png"}},
    ),
    for_reply(
        "blocked-outputs",
        "some of the images were blocked",
        "inferred",
        _QUEUE,
        output={
            "images": [{"url": _PIXEL}, {"url": _PIXEL}],
            "has_nsfw_concepts": [True, False],
        },
    ),
    for_reply(
        "soft-error",
        "200 with an error inside",
        "documented",
        "protocol.md section 6.2",
        error="upstream said no",
    ),
    for_reply(
        "usage-missing",
        "an output without its optional fields",
        "documented",
        "protocol.md section 6.4",
        omit=["usage", "reasoning"],
    ),
)

_LIFE = (
    for_reply(
        "stuck-in-queue",
        "IN_QUEUE at position 0 for ever",
        "recorded",
        _QUEUE,
        timeline=[{"IN_QUEUE": {"position": 0, "forever": True}}],
    ),
    for_reply(
        "growing-queue",
        "a position that grows: 3, 9, 12654",
        "recorded",
        _QUEUE,
        timeline=[{"IN_QUEUE": {"position": place}} for place in (3, 9, 12654)] + ["IN_PROGRESS"],
    ),
    for_reply(
        "stuck-in-progress",
        "IN_PROGRESS for ever, without news",
        "recorded",
        _QUEUE,
        timeline=["IN_QUEUE", {"IN_PROGRESS": {"forever": True}}],
    ),
    for_reply("no-waiting", "submit answers IN_PROGRESS at once", "recorded", _QUEUE, timeline=[]),
    for_reply(
        "back-to-queue",
        "IN_PROGRESS, then IN_QUEUE again: the runner was lost",
        "documented",
        _QUEUE,
        retries=1,
    ),
    for_reply(
        "retries-used-up",
        "ten attempts, ten lost runners, then the failure",
        "documented",
        _QUEUE,
        retries=10,
    ),
    for_faults(
        "result-not-ready",
        "COMPLETED, but the result is still in progress twice",
        "recorded",
        "protocol.md section 3.4",
        result=["too-early x2"],
    ),
    for_reply(
        "cancel-too-late",
        "the cancel is accepted, and the job finishes all the same",
        "documented",
        "protocol.md section 3.5",
        cancel="too-late",
    ),
    for_reply(
        "cancel-honoured",
        "a running job ends by the cancel: 499",
        "recorded",
        "protocol.md section 3.5",
        cancel="honoured",
        timeline=["IN_QUEUE", {"IN_PROGRESS": {"forever": True}}],
    ),
    for_reply(
        "result-expired",
        "404 for the result an hour after the end",
        "inferred",
        "protocol.md section 3.6",
        keep="1h",
    ),
)

_ANSWERS = (
    for_faults(
        "submit-502-twice",
        "two pages of the load balancer, then healthy",
        "client",
        "protocol.md section 3.10",
        submit=["nginx-502 x2"],
        run=["nginx-502 x2"],
    ),
    for_faults(
        "submit-502-identified",
        "the page of the load balancer with x-fal-request-id on it",
        "client",
        "protocol.md section 3.10",
        submit=[{"fail": "nginx-502", "headers": {"x-fal-request-id": "from-the-gateway"}}],
    ),
    for_faults(
        "status-500-twice",
        "500 for two polls, the job is fine",
        "recorded",
        "protocol.md section 3.2",
        status=["500 x2"],
    ),
    for_faults("result-504-once", "504 for the first result", "recorded", _QUEUE, result=["504"]),
    for_faults(
        "locked-while-running",
        "a poll is refused with 403, the job goes on",
        "recorded",
        "protocol.md section 3.2",
        status=["exhausted-balance"],
    ),
    for_faults(
        "too-many-at-once",
        "two direct runs over the limit, then healthy",
        "recorded",
        "protocol.md section 3.9",
        run=["concurrent-requests-limit x2"],
    ),
    for_faults(
        "status-without-logs",
        "status bodies lack logs",
        "client",
        "protocol.md appendix A",
        status=[{"drop": ["logs"], "times": "always"}],
    ),
    for_faults(
        "status-without-position",
        "status bodies lack queue_position",
        "client",
        "protocol.md appendix A",
        status=[{"drop": ["queue_position"], "times": "always"}],
    ),
    for_faults(
        "status-empty",
        "a status of no bytes",
        "recorded",
        "protocol.md appendix A",
        status=["empty"],
    ),
    for_faults(
        "unknown-status",
        "a status word that fal does not have",
        "unreal",
        "protocol.md section 3.2",
        status=[{"set": {"status": "PAUSED"}}],
    ),
)

_CONNECTIONS = (
    for_faults(
        "accepted-then-reset",
        "the job exists, the caller never learns its id",
        "recorded",
        "failures.md 42",
        submit=["accepted-then-reset"],
    ),
    for_faults(
        "poll-hangs", "one poll is met by silence", "recorded", "failures.md 43", status=["hang"]
    ),
    for_faults(
        "result-cut",
        "40 % of the result, then the connection closes",
        "inferred",
        "failures.md 45",
        result=[{"truncate": 0.4}],
    ),
    for_faults(
        "result-broken",
        "half of the result as if it were the whole",
        "inferred",
        "failures.md 45",
        result=["broken-json"],
    ),
    for_faults(
        "huge-headers",
        "more than 16 KB of headers",
        "documented",
        "protocol.md section 3.8",
        result=["huge-headers"],
    ),
    for_reply(
        "stream-cut",
        "a stream that closes after three events",
        "inferred",
        _STREAM,
        stream={"cut": {"after": 3}},
    ),
    for_reply(
        "stream-reset",
        "a stream that is reset after three events",
        "inferred",
        _STREAM,
        stream={"cut": {"after": 3, "how": "reset"}},
    ),
    for_reply(
        "stream-error",
        "an event with an error, then the end",
        "documented",
        _STREAM,
        stream={"cut": {"after": 3, "how": "error"}},
    ),
    for_reply(
        "stream-stalled",
        "20 seconds of silence after the first event",
        "client",
        _STREAM,
        stream={"stall": "20s"},
    ),
    for_reply(
        "stream-sliced",
        "a stream byte by byte, through characters and line ends",
        "inferred",
        _STREAM,
        stream={"slice": 1},
    ),
    for_reply(
        "stream-never-final",
        "a stream that ends without its last event",
        "inferred",
        _STREAM,
        stream={"final": False},
    ),
    for_faults(
        "status-stream-cut",
        "a status stream that ends while IN_PROGRESS",
        "inferred",
        "protocol.md section 3.3",
        status_stream=[{"cut": {"after": 2}}],
    ),
)

_HOOKS = "protocol.md section 8"

_WEBHOOKS = (
    for_reply("webhook-twice", "delivered twice", "documented", _HOOKS, webhook="twice"),
    for_reply("webhook-early", "before the answer of submit", "inferred", _HOOKS, webhook="early"),
    for_reply("webhook-late", "40 minutes later", "recorded", _HOOKS, webhook={"after": "40m"}),
    for_reply("webhook-lost", "never sent", "recorded", _HOOKS, webhook="lost"),
    for_reply(
        "webhook-forged",
        "with a signature that no key verifies",
        "documented",
        _HOOKS,
        webhook="bad-signature",
    ),
    for_reply("webhook-stale", "signed six minutes ago", "documented", _HOOKS, webhook="stale"),
    for_reply(
        "webhook-payload-error",
        "payload null, with payload_error",
        "documented",
        _HOOKS,
        webhook="payload-error",
    ),
    for_reply(
        "webhook-new-gateway-id",
        "gateway_request_id differs from request_id",
        "documented",
        _HOOKS,
        webhook="new-gateway-id",
    ),
    for_reply(
        "files-expired",
        "an output whose files have expired",
        "inferred",
        "protocol.md section 10.6",
        kind="images",
        media="expired",
    ),
)

REPLY_PRESETS = (*_CALLS, *_LIFE, *_ANSWERS, *_CONNECTIONS, *_WEBHOOKS)
"""Every preset that a reply may name."""
