"""The error catalogue: every failure of fal that has a fixed form on the wire, as data."""

from __future__ import annotations

from dataclasses import replace

from fakefal.protocol.call import Outcome
from fakefal.protocol.errors import (
    ErrorEntry,
    Retried,
    failure,
    ingress_page,
    model_error,
    plain_error,
    request_error,
)

_MODEL = "protocol.md section 7.1 (docs: Model Errors)"
_REQUEST = "protocol.md section 7.2 (docs: Request Errors)"
_ACCOUNT = "protocol.md section 7.3"
_LOCKED = "User is locked. Reason: "


def _model(
    name: str,
    status: int = 422,
    retried: Retried = "no",
    message: str | None = None,
    **context: object,
) -> ErrorEntry:
    text = name.replace("_", " ").capitalize() if message is None else message
    return ErrorEntry(name, "model", status, text, _MODEL, "documented", retried, dict(context))


def _request(name: str, status: int, retried: Retried, message: str, **headers: str) -> ErrorEntry:
    pairs = tuple((key.replace("_", "-"), value) for key, value in headers.items())
    return ErrorEntry(
        name, "request", status, message, _REQUEST, "documented", retried, headers=pairs
    )


def _locked(name: str, reason: str) -> ErrorEntry:
    text = f"{_LOCKED}{reason}"
    return ErrorEntry(name, "account", 403, text, _ACCOUNT, "recorded", moment="submit")


def _ingress(status: int, phrase: str) -> ErrorEntry:
    return ErrorEntry(
        f"nginx_{status}",
        "ingress",
        status,
        phrase,
        "protocol.md section 3.10",
        "client",
        moment="submit",
    )


_IMAGES = ["png", "jpg", "jpeg", "webp"]
_ARCHIVES = [".zip"]

_ENTRIES = (
    _model("internal_server_error", 500, "yes", "Internal server error"),
    _model("generation_timeout", 504, "yes", "Generation timeout"),
    _model("downstream_service_error", 400, "maybe", "Downstream service error"),
    _model("downstream_service_unavailable", 500, "yes", "Downstream service unavailable"),
    _model(
        "content_policy_violation",
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
    ErrorEntry(
        "bad_key", "account", 401, "invalid key credentials", _ACCOUNT, "recorded", moment="submit"
    ),
    ErrorEntry(
        "malformed_key",
        "account",
        401,
        "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'.",
        _ACCOUNT,
        "recorded",
        moment="submit",
    ),
    _locked(
        "exhausted_balance", "Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
    ),
    _locked("admin_lock", "Admin lock. Please contact hello@fal.ai."),
    _locked("payment_method_missing", "Please add a payment method at fal.ai/dashboard/billing"),
    _locked("account_archived", "This account has been archived. Please contact hello@fal.ai."),
    _locked("budget_exceeded", "User budget is exceeded. Adjust it at fal.ai/dashboard/billing"),
    _locked("lock_unknown", "Unknown. Please contact hello@fal.ai."),
    _locked("top_up", "TOP_UP."),
    ErrorEntry(
        "concurrent_requests_limit",
        "account",
        429,
        "Reached concurrent requests limit of 2",
        "protocol.md section 3.9",
        "recorded",
        "yes",
        data={"type": "concurrent_requests_limit", "data": {"limit": 2}},
        headers=(
            ("X-Fal-Needs-Retry", "1"),
            ("X-Fal-Error-Type", "concurrent_requests_limit"),
        ),
        moment="submit",
    ),
    ErrorEntry(
        "unknown_app",
        "routing",
        404,
        'Application "{alias}" not found',
        _ACCOUNT,
        "recorded",
        moment="submit",
    ),
    _ingress(502, "Bad Gateway"),
    _ingress(503, "Service Temporarily Unavailable"),
    _ingress(504, "Gateway Time-out"),
)

CATALOGUE: dict[str, ErrorEntry] = {entry.name: entry for entry in _ENTRIES}
"""Every entry by its name; a name may be written with dashes as well."""

ALIASES: dict[str, str] = {
    "content_policy": "content_policy_violation",
    "no_media": "no_media_generated",
    "locked": "exhausted_balance",
    "concurrency": "concurrent_requests_limit",
    "runner_incomplete": "runner_incomplete_response",
    "downstream_down": "downstream_service_unavailable",
}
"""Shorter names that scenarios may use."""


def find_entry(name: str) -> ErrorEntry | None:
    """The entry of a name, dashes and aliases allowed; None if there is none."""
    plain = name.replace("-", "_")
    return CATALOGUE.get(ALIASES.get(plain, plain))


def known_names() -> tuple[str, ...]:
    """Every name that a scenario may use, aliases included, in the order of the catalogue."""
    return (*CATALOGUE, *ALIASES)


def outcome_of(entry: ErrorEntry, alias: str = "") -> Outcome:
    """How a call ends that meets this error in its usual form; ``alias`` is the app's."""
    if entry.kind == "model":
        return model_error(entry)
    if entry.kind == "request":
        return request_error(entry)
    if entry.kind == "ingress":
        page = failure(entry.status, ingress_page(entry.status, entry.message), moment="submit")
        return replace(page, content_type="text/html", identified=False)
    if entry.kind == "routing":
        return plain_error(replace(entry, message=entry.message.format(alias=alias)))
    return plain_error(entry)
