"""The error catalog: fal's errors by name, each with its status, default text and source."""

from __future__ import annotations

from dataclasses import replace

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.errors.errors import (
    ErrorSpec,
    Grade,
    QueueRetry,
    detail_error,
    failed_outcome,
    ingress_page,
    model_error,
    request_error,
)

_DOCUMENT = "docs/reference/errors.md"
_MODEL = f"{_DOCUMENT}#model-errors"
_REQUEST = f"{_DOCUMENT}#request-errors"
_ACCOUNT = f"{_DOCUMENT}#account-and-routing-errors"
_APP = f"{_DOCUMENT}#app-errors"
_DEADLINE = "docs/reference/open-questions.md#start-deadline-error-type"
_LOCKED = "User is locked. Reason: "
_UNSAFE = (
    "body.prompt: Request blocked due to safety violations (harmful content). Please rephrase."
)


def _model(
    name: str,
    status: int = 422,
    queue_retry: QueueRetry = "no",
    message: str | None = None,
    grade: Grade = "documented",
    field: str = "",
    **context: object,
) -> ErrorSpec:
    text = name.replace("_", " ").capitalize() if message is None else message
    loc = ("body", field) if field else ("body",)
    return ErrorSpec(
        name, "model", status, text, _MODEL, grade, queue_retry, dict(context), loc=loc
    )


def _request(
    name: str,
    status: int,
    queue_retry: QueueRetry,
    message: str,
    error_type: str = "",
    **headers: str,
) -> ErrorSpec:
    pairs = tuple((key.replace("_", "-"), value) for key, value in headers.items())
    grade: Grade = "recorded" if error_type else "documented"
    source = _DEADLINE if error_type else _REQUEST
    return ErrorSpec(
        name,
        "request",
        status,
        message,
        source,
        grade,
        queue_retry,
        headers=pairs,
        error_type=error_type,
    )


def _app(name: str, status: int, message: str, source: str, grade: Grade) -> ErrorSpec:
    return ErrorSpec(name, "app", status, message, source, grade)


def _account(name: str, status: int, message: str, grade: Grade = "recorded") -> ErrorSpec:
    return ErrorSpec(name, "account", status, message, _ACCOUNT, grade, fails_at="submit")


def _locked(name: str, reason: str) -> ErrorSpec:
    return replace(_account(name, 403, f"{_LOCKED}{reason}"), is_spaced=True)


def _routing(name: str, status: int, message: str, body: object = None) -> ErrorSpec:
    return ErrorSpec(
        name, "routing", status, message, _ACCOUNT, "recorded", fails_at="submit", body=body
    )


def _ingress(status: int, phrase: str) -> ErrorSpec:
    return ErrorSpec(
        f"nginx_{status}",
        "ingress",
        status,
        phrase,
        f"{_DOCUMENT}#ingress-errors",
        "client",
        fails_at="submit",
    )


_IMAGES = ["png", "jpg", "jpeg", "webp"]
_ARCHIVES = [".zip"]

ERROR_SPECS = (
    _model("internal_server_error", 500, "yes", "Internal server error"),
    _model("generation_timeout", 504, "yes", "Generation timeout"),
    _model("downstream_service_error", 400, "maybe", "Downstream service error"),
    _model("downstream_service_unavailable", 500, "yes", "Downstream service unavailable"),
    _model(
        "content_policy_violation",
        field="prompt",
        message="The content could not be processed because it contained material flagged by a "
        "content checker.",
    ),
    _model("no_media_generated", 422, "maybe", "No media was generated"),
    _model("image_too_small", message="Image is too small", min_height=256, min_width=256),
    _model("image_too_large", message="Image is too large", max_height=4096, max_width=4096),
    _model("image_load_error", message="Failed to load the image"),
    _model("file_download_error", message="Failed to download the file"),
    _model("face_detection_error", message="Could not detect face in the image"),
    _model("file_too_large", message="File is too large", max_size=10485760),
    _model("greater_than", message="Input should be greater than 0", gt=0),
    _model("greater_than_equal", message="Input should be greater than or equal to 0", ge=0),
    _model("less_than", message="Input should be less than 2", lt=2),
    _model("less_than_equal", message="Input should be less than or equal to 2", le=2),
    _model("multiple_of", message="Input should be a multiple of 8", multiple_of=8),
    _model("sequence_too_short", message="Sequence is too short", min_length=1),
    _model("sequence_too_long", message="Sequence is too long", max_length=5000),
    _model("one_of", message="Input should be 'A' or 'B'", expected=["A", "B"]),
    _model("feature_not_supported", message="Feature is not supported"),
    _model("invalid_archive", message="Invalid archive", supported_extensions=_ARCHIVES),
    _model(
        "archive_file_count_below_minimum",
        min_count=4,
        provided_count=1,
        supported_extensions=_IMAGES,
    ),
    _model(
        "archive_file_count_exceeds_maximum",
        max_count=100,
        provided_count=101,
        supported_extensions=_IMAGES,
    ),
    _model("audio_duration_too_long", max_duration=60, provided_duration=90),
    _model("audio_duration_too_short", min_duration=5, provided_duration=1),
    _model("video_duration_too_long", max_duration=60, provided_duration=90),
    _model("video_duration_too_short", min_duration=5, provided_duration=1),
    _model("unsupported_audio_format", supported_formats=["mp3", "wav", "ogg"]),
    _model("unsupported_image_format", supported_formats=_IMAGES),
    _model(
        "value_error",
        message="Value error, the value is not valid",
        error={},
        grade="recorded",
    ),
    _model("input_value_error", message="Input value error", grade="recorded"),
    _model("invalid_api_key", message="Invalid API key", grade="recorded"),
    _model("invalid_request", message="Invalid request", grade="recorded"),
    _model("image_aspect_ratio_error", message="Invalid image aspect ratio", grade="recorded"),
    _model(
        "model_attributes_type",
        message="Input should be a valid dictionary or object to extract fields from",
        grade="recorded",
    ),
    _model("unsupported_video_format", supported_formats=["mp4", "webm", "mov"]),
    _request("request_timeout", 504, "yes", "Request timed out"),
    _request("startup_timeout", 504, "yes", "Runner startup timed out"),
    _request("runner_scheduling_failure", 503, "yes", "No runner available"),
    _request("runner_connection_timeout", 503, "yes", "Runner connection timed out"),
    _request("runner_disconnected", 503, "yes", "Runner disconnected"),
    _request("runner_connection_refused", 503, "yes", "Runner connection refused"),
    _request("runner_connection_error", 503, "yes", "Runner connection error"),
    _request("runner_incomplete_response", 502, "yes", "Runner sent an incomplete response"),
    _request("runner_server_error", 500, "no", "Runner server error"),
    _request("client_disconnected", 499, "no", "Client disconnected"),
    _request("client_cancelled", 499, "no", "Request was cancelled"),
    _request("bad_request", 400, "no", "Bad request"),
    _request("internal_error", 500, "no", "Internal error"),
    _app("invalid_text", 422, "Invalid input", _MODEL, "recorded"),
    _app("unsafe_text", 422, _UNSAFE, _MODEL, "recorded"),
    _app("application_error", 500, "Internal Server Error", _APP, "client"),
    _app("gpu_out_of_memory", 503, "CUDA error: out of memory", _APP, "client"),
    _app("gpu_error", 503, "GPU error", _APP, "client"),
    _app("cancelled_by_app", 499, "Request cancelled by the client.", _APP, "recorded"),
    _request(
        "start_deadline",
        504,
        "no",
        "Request timed out",
        error_type="request_timeout",
        X_Fal_Request_Timeout_Type="user",
    ),
    _account("bad_key", 401, "invalid key credentials"),
    _account("unknown_key", 401, "No user found for Key ID and Secret"),
    _account(
        "malformed_key",
        401,
        "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'.",
    ),
    _account("bearer_key", 401, "bearer: unable to decode issuer"),
    _account("missing_key", 401, "Authorization header is required"),
    _account(
        "no_access",
        401,
        'Cannot access application "{app}". Authentication is required to access this application.',
    ),
    _account("forbidden_app", 403, 'Cannot access application "{app}"', "inferred"),
    _locked(
        "exhausted_balance", "Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
    ),
    _locked("admin_lock", "Admin lock. Please contact hello@fal.ai."),
    _locked("payment_method_missing", "Please add a payment method at fal.ai/dashboard/billing"),
    _locked("account_archived", "This account has been archived. Please contact hello@fal.ai."),
    _locked("budget_exceeded", "User budget is exceeded. Adjust it at fal.ai/dashboard/billing"),
    _locked("lock_unknown", "Unknown. Please contact hello@fal.ai."),
    _locked("top_up", "TOP_UP."),
    _locked("admin_lock_support", "Admin lock. Please contact support@fal.ai"),
    ErrorSpec(
        "concurrent_requests_limit",
        "account",
        429,
        "Reached concurrent requests limit of 2",
        f"{_DOCUMENT}#concurrency-limit",
        "recorded",
        "yes",
        data={"type": "concurrent_requests_limit", "data": {"limit": 2}},
        headers=(
            ("X-Fal-Needs-Retry", "1"),
            ("X-Fal-Error-Type", "concurrent_requests_limit"),
        ),
        fails_at="submit",
    ),
    ErrorSpec(
        "queue_full",
        "account",
        429,
        "Queue is longer than fal_max_queue_length allows",
        _ACCOUNT,
        "inferred",
        fails_at="submit",
    ),
    _routing("unknown_app", 404, 'Application "{alias}" not found'),
    _routing("unknown_path", 404, "Path {path} not found"),
    _routing("not_found", 404, "NOT_FOUND", body={"status": "NOT_FOUND"}),
    _routing("already_completed", 400, "ALREADY_COMPLETED", body={"status": "ALREADY_COMPLETED"}),
    _routing("method_not_allowed", 405, "Method Not Allowed"),
    _routing("invalid_storage_type", 400, "Invalid storage type"),
    _ingress(413, "Request Entity Too Large"),
    _ingress(502, "Bad Gateway"),
    _ingress(503, "Service Temporarily Unavailable"),
    _ingress(504, "Gateway Time-out"),
)

CATALOG: dict[str, ErrorSpec] = {spec.name: spec for spec in ERROR_SPECS}
"""All errors by name, with underscores."""

ALIASES: dict[str, str] = {
    "content_policy": "content_policy_violation",
    "no_media": "no_media_generated",
    "locked": "exhausted_balance",
    "concurrency": "concurrent_requests_limit",
    "runner_incomplete": "runner_incomplete_response",
    "downstream_down": "downstream_service_unavailable",
}
"""Shorter names for scenarios."""


def find_error(name: str) -> ErrorSpec | None:
    """Look up a name, which may be an alias and have dashes for underscores."""
    canonical_name = name.replace("-", "_")
    return CATALOG.get(ALIASES.get(canonical_name, canonical_name))


def error_names() -> tuple[str, ...]:
    """All names in the order of the catalog, then the aliases."""
    return (*CATALOG, *ALIASES)


def outcome_of(spec: ErrorSpec, *, app: str = "", path: str = "") -> Outcome:
    """The outcome of a call that fails with an error's defaults.

    ``app`` (``fal-ai/any-llm``) and ``path`` of the call are inserted into texts that name them.
    The status of a cancelled run says ``client_cancelled``, its result does not. Source: recorded
    (docs/reference/protocol.md#status).
    """
    if spec.kind == "model":
        return model_error(spec)
    if spec.kind == "request":
        return request_error(spec)
    if spec.kind == "ingress":
        page = failed_outcome(
            spec.status, ingress_page(spec.status, spec.message), fails_at="submit"
        )
        return replace(page, content_type="text/html", has_request_id=False)
    if mentions_call(spec):
        text = spec.message.format(app=app, alias=app.rpartition("/")[2], path=path)
        return detail_error(replace(spec, message=text))
    outcome = detail_error(spec)
    if spec.name == "cancelled_by_app":
        cancelled = CATALOG["client_cancelled"]
        outcome = replace(outcome, error=cancelled.message, error_type=cancelled.name)
    return outcome


def mentions_call(spec: ErrorSpec) -> bool:
    """Whether an error's text contains the app or the path of the call."""
    return "{" in spec.message
