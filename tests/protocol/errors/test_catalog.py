"""The error catalogue against the tables of protocol.md sections 3.9, 3.10 and 7."""

from __future__ import annotations

import pytest

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.errors.catalog import ALIASES, CATALOG, error_names, find_error, outcome_of
from fakefal.protocol.errors.errors import ingress_page

MODEL = {
    "internal_server_error": (500, "yes", set()),
    "generation_timeout": (504, "yes", set()),
    "downstream_service_error": (400, "maybe", set()),
    "downstream_service_unavailable": (500, "yes", set()),
    "content_policy_violation": (422, "no", set()),
    "no_media_generated": (422, "maybe", set()),
    "image_too_small": (422, "no", {"min_height", "min_width"}),
    "image_too_large": (422, "no", {"max_height", "max_width"}),
    "image_load_error": (422, "no", set()),
    "file_download_error": (422, "no", set()),
    "face_detection_error": (422, "no", set()),
    "file_too_large": (422, "no", {"max_size"}),
    "greater_than": (422, "no", {"gt"}),
    "greater_than_equal": (422, "no", {"ge"}),
    "less_than": (422, "no", {"lt"}),
    "less_than_equal": (422, "no", {"le"}),
    "multiple_of": (422, "no", {"multiple_of"}),
    "sequence_too_short": (422, "no", {"min_length"}),
    "sequence_too_long": (422, "no", {"max_length"}),
    "one_of": (422, "no", {"expected"}),
    "feature_not_supported": (422, "no", set()),
    "invalid_archive": (422, "no", {"supported_extensions"}),
    "archive_file_count_below_minimum": (
        422,
        "no",
        {"min_count", "provided_count", "supported_extensions"},
    ),
    "archive_file_count_exceeds_maximum": (
        422,
        "no",
        {"max_count", "provided_count", "supported_extensions"},
    ),
    "audio_duration_too_long": (422, "no", {"max_duration", "provided_duration"}),
    "audio_duration_too_short": (422, "no", {"min_duration", "provided_duration"}),
    "video_duration_too_long": (422, "no", {"max_duration", "provided_duration"}),
    "video_duration_too_short": (422, "no", {"min_duration", "provided_duration"}),
    "unsupported_audio_format": (422, "no", {"supported_formats"}),
    "unsupported_image_format": (422, "no", {"supported_formats"}),
    "unsupported_video_format": (422, "no", {"supported_formats"}),
}

REQUEST = {
    "request_timeout": (504, True, "Request timed out"),
    "startup_timeout": (504, True, "Runner startup timed out"),
    "runner_scheduling_failure": (503, True, "No runner available"),
    "runner_connection_timeout": (503, True, "Runner connection timed out"),
    "runner_disconnected": (503, True, "Runner disconnected"),
    "runner_connection_refused": (503, True, "Runner connection refused"),
    "runner_connection_error": (503, True, "Runner connection error"),
    "runner_incomplete_response": (502, True, "Runner sent an incomplete response"),
    "runner_server_error": (500, False, "Runner server error"),
    "client_disconnected": (499, False, "Client disconnected"),
    "client_cancelled": (499, False, "Request was cancelled"),
    "bad_request": (400, False, "Bad request"),
    "internal_error": (500, False, "Internal error"),
}

ACCOUNT = {
    "bad_key": (401, "invalid key credentials"),
    "malformed_key": (
        401,
        "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'.",
    ),
    "exhausted_balance": (
        403,
        "User is locked. Reason: Exhausted balance. Top up your balance at "
        "fal.ai/dashboard/billing.",
    ),
    "admin_lock": (403, "User is locked. Reason: Admin lock. Please contact hello@fal.ai."),
    "payment_method_missing": (
        403,
        "User is locked. Reason: Please add a payment method at fal.ai/dashboard/billing",
    ),
    "account_archived": (
        403,
        "User is locked. Reason: This account has been archived. Please contact hello@fal.ai.",
    ),
    "budget_exceeded": (
        403,
        "User is locked. Reason: User budget is exceeded. Adjust it at fal.ai/dashboard/billing",
    ),
    "lock_unknown": (403, "User is locked. Reason: Unknown. Please contact hello@fal.ai."),
    "top_up": (403, "User is locked. Reason: TOP_UP."),
    "admin_lock_support": (
        403,
        "User is locked. Reason: Admin lock. Please contact support@fal.ai",
    ),
    "unknown_key": (401, "No user found for Key ID and Secret"),
    "bearer_key": (401, "bearer: unable to decode issuer"),
    "missing_key": (401, "Authorization header is required"),
    "no_access": (
        401,
        'Cannot access application "fal-ai/x". Authentication is required to access this '
        "application.",
    ),
    "forbidden_app": (403, 'Cannot access application "fal-ai/x"'),
}

SEEN_BESIDES = {"value_error": {"error"}, "input_value_error": set(), "invalid_api_key": set()}

BODIES = {
    "queue_full": (429, {"detail": "Queue is longer than fal_max_queue_length allows"}, "submit"),
    "unknown_path": (404, {"detail": "Path /x not found"}, "submit"),
    "not_found": (404, {"status": "NOT_FOUND"}, "submit"),
    "already_completed": (400, {"status": "ALREADY_COMPLETED"}, "submit"),
    "method_not_allowed": (405, {"detail": "Method Not Allowed"}, "submit"),
    "invalid_storage_type": (400, {"detail": "Invalid storage type"}, "submit"),
    "invalid_text": (422, {"detail": "Invalid input"}, "result"),
    "unsafe_text": (
        422,
        {
            "detail": "body.prompt: Request blocked due to safety violations (harmful content). "
            "Please rephrase."
        },
        "result",
    ),
    "application_error": (500, {"detail": "Internal Server Error"}, "result"),
    "gpu_out_of_memory": (503, {"detail": "CUDA error: out of memory"}, "result"),
    "gpu_error": (503, {"detail": "GPU error"}, "result"),
    "cancelled_by_app": (499, {"detail": "Request cancelled by the client."}, "result"),
}
"""Those of apps and of routing, as sections 3, 4 and 7.3 have them."""

OTHERS = {
    "concurrent_requests_limit",
    "unknown_app",
    "start_deadline",
    *(f"nginx_{status}" for status in (413, 502, 503, 504)),
}


def outcome(name: str, app: str = "", path: str = "") -> Outcome:
    entry = find_error(name)
    assert entry is not None
    return outcome_of(entry, app=app, path=path)


@pytest.mark.parametrize("name", MODEL)
def test_a_model_error_is_as_section_7_1_has_it(name: str) -> None:
    status, retried, context = MODEL[name]
    made = outcome(name)
    (item,) = made.body["detail"]
    assert (made.status, CATALOG[name].queue_retry) == (status, retried)
    assert (item["type"], item["loc"]) == (name, ["body"])
    assert item["url"] == f"https://docs.fal.ai/errors/#{name}"
    assert set(item.get("ctx", {})) == context
    assert item["msg"]


@pytest.mark.parametrize("name", REQUEST)
def test_a_request_error_is_as_section_7_2_has_it(name: str) -> None:
    status, retried, detail = REQUEST[name]
    made = outcome(name)
    assert (made.status, CATALOG[name].queue_retry == "yes") == (status, retried)
    assert made.body == {"detail": detail, "error_type": name}
    assert made.headers == (("X-Fal-Error-Type", name),)
    assert (made.error, made.error_type, made.fails_at) == (detail, name, "result")


@pytest.mark.parametrize("name", ACCOUNT)
def test_an_account_error_is_as_section_7_3_has_it_and_refuses_at_submit(name: str) -> None:
    status, detail = ACCOUNT[name]
    made = outcome(name, "fal-ai/x")
    assert (made.status, made.body, made.fails_at) == (status, {"detail": detail}, "submit")
    assert made.headers == ()


def test_the_concurrency_limit_has_the_recorded_body_and_header() -> None:
    made = outcome("concurrent_requests_limit")
    assert made.status == 429
    assert made.payload == (
        b'{"detail":"Reached concurrent requests limit of 2",'
        b'"type":"concurrent_requests_limit","data":{"limit":2}}'
    )
    assert made.headers == (
        ("X-Fal-Needs-Retry", "1"),
        ("X-Fal-Error-Type", "concurrent_requests_limit"),
    )


def test_an_unknown_app_quotes_only_the_alias() -> None:
    made = outcome("unknown_app", "fal-ai/any-{llm}x")
    assert (made.status, made.fails_at) == (404, "submit")
    assert made.body == {"detail": 'Application "any-{llm}x" not found'}


@pytest.mark.parametrize(
    ("status", "reason"),
    [(502, "Bad Gateway"), (503, "Service Temporarily Unavailable"), (504, "Gateway Time-out")],
)
def test_an_ingress_error_is_nginxs_page_without_fals_headers(status: int, reason: str) -> None:
    made = outcome(f"nginx-{status}")
    assert (made.status, made.payload) == (status, ingress_page(status, reason))
    assert (made.content_type, made.has_request_id, made.headers) == ("text/html", False, ())
    assert made.fails_at == "submit"


def test_the_tables_above_cover_the_whole_catalogue() -> None:
    assert set(CATALOG) == {*MODEL, *REQUEST, *ACCOUNT, *OTHERS, *SEEN_BESIDES, *BODIES}


@pytest.mark.parametrize("name", BODIES)
def test_errors_of_apps_and_of_routing_have_their_bodies(name: str) -> None:
    made = outcome(name, "fal-ai/x", "/x")
    assert (made.status, made.body, made.fails_at) == BODIES[name]


@pytest.mark.parametrize("name", SEEN_BESIDES)
def test_model_errors_seen_besides_those_documented(name: str) -> None:
    (item,) = outcome(name).body["detail"]
    assert (item["type"], set(item.get("ctx", {}))) == (name, SEEN_BESIDES[name])
    assert CATALOG[name].grade == "recorded"


def test_a_start_deadline_is_a_request_timeout_that_the_user_set() -> None:
    made = outcome("start_deadline")
    assert made.body == {"detail": "Request timed out", "error_type": "request_timeout"}
    assert dict(made.headers) == {
        "X-Fal-Error-Type": "request_timeout",
        "X-Fal-Request-Timeout-Type": "user",
    }


@pytest.mark.parametrize("name", error_names())
def test_every_name_is_reachable_with_dashes_too(name: str) -> None:
    found = find_error(name)
    assert found is not None
    assert find_error(name.replace("_", "-")) is found


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_a_shorter_name_means_its_entry(alias: str, name: str) -> None:
    assert find_error(alias) is CATALOG[name]


@pytest.mark.parametrize("name", ["", "nope", "runner disconnected", "Runner_Disconnected"])
def test_other_names_are_not_in_the_catalogue(name: str) -> None:
    assert find_error(name) is None


@pytest.mark.parametrize("name", CATALOG)
def test_every_entry_says_where_it_is_known_from(name: str) -> None:
    assert CATALOG[name].source.startswith("protocol.md section")
    assert CATALOG[name].grade in ("documented", "client", "recorded", "inferred")
