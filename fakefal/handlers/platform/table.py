"""The routes of the platform API and of what fal serves beside inference."""

from __future__ import annotations

from fakefal.routing import Route

_USAGE = "platform.usage"
_REQUESTS = "platform.requests"
_ACCOUNT = "platform.account"
_STORAGE = "platform.storage"
_SERVERLESS = "platform.serverless"
_WORKFLOWS = "platform.workflows"
_APP = "/v1/serverless/apps/{owner}/{name}"

API_ROUTES = (
    Route("GET", "/v1/models", "platform.models.list_models"),
    Route("GET", "/v1/models/pricing", "platform.models.list_prices"),
    Route("POST", "/v1/models/pricing/estimate", "platform.models.estimate_cost"),
    Route("GET", "/v1/models/usage", f"{_USAGE}.get_usage"),
    Route("GET", "/v1/models/analytics", f"{_USAGE}.get_analytics"),
    Route("GET", "/v1/models/billing-events", f"{_USAGE}.list_billing_events"),
    Route("GET", "/v1/models/requests/by-endpoint", f"{_REQUESTS}.list_requests"),
    Route("GET", "/v1/models/requests/search", f"{_REQUESTS}.search_requests"),
    Route("DELETE", "/v1/models/requests/{id}/payloads", f"{_REQUESTS}.delete_payloads"),
    Route("GET", "/v1/workflows", f"{_WORKFLOWS}.list_workflows"),
    Route("POST", "/v1/workflows", f"{_WORKFLOWS}.create_workflow"),
    Route("GET", "/v1/workflows/{user}/{name}", f"{_WORKFLOWS}.get_workflow"),
    Route("GET", "/v1/storage/settings", f"{_STORAGE}.get_settings"),
    Route("PUT", "/v1/storage/settings", f"{_STORAGE}.set_settings"),
    Route("GET", "/v1/storage/files/acl", f"{_STORAGE}.get_acl"),
    Route("PUT", "/v1/storage/files/acl", f"{_STORAGE}.set_acl"),
    Route("POST", "/v1/storage/files/sign", f"{_STORAGE}.sign_file"),
    Route("GET", "/v1/serverless/apps", f"{_SERVERLESS}.list_apps"),
    Route("GET", f"{_APP}/queue", f"{_SERVERLESS}.get_queue"),
    Route("DELETE", f"{_APP}/queue", f"{_SERVERLESS}.flush_queue"),
    Route("GET", "/v1/serverless/usage", f"{_SERVERLESS}.get_usage"),
    Route("GET", "/v1/serverless/analytics", f"{_USAGE}.get_analytics"),
    Route("GET", "/v1/serverless/requests/by-endpoint", f"{_SERVERLESS}.list_requests"),
    Route("POST", "/v1/serverless/logs/history", f"{_SERVERLESS}.list_logs"),
    Route("POST", "/v1/serverless/logs/stream", f"{_SERVERLESS}.stream_logs"),
    Route("GET", "/v1/keys", f"{_ACCOUNT}.list_keys"),
    Route("POST", "/v1/keys", f"{_ACCOUNT}.create_key"),
    Route("DELETE", "/v1/keys/{id}", f"{_ACCOUNT}.delete_key"),
    Route("GET", "/v1/account/billing", f"{_ACCOUNT}.get_billing"),
    Route("GET", "/v1/meta", f"{_ACCOUNT}.get_meta"),
)
"""api.fal.ai."""

REST_ROUTES = (
    Route("GET", "/billing/user_balance", f"{_ACCOUNT}.get_balance"),
    Route("GET", "/users/current", f"{_ACCOUNT}.get_user"),
    Route("GET", "/applications/{owner}/{name}/queue", f"{_SERVERLESS}.get_rest_queue"),
    Route("DELETE", "/applications/{owner}/{name}/queue", f"{_SERVERLESS}.flush_rest_queue"),
    Route("GET", "/workflows", f"{_WORKFLOWS}.list_workflows"),
    Route("POST", "/workflows", f"{_WORKFLOWS}.create_rest_workflow"),
    Route("GET", "/workflows/{user}/{name}", f"{_WORKFLOWS}.get_rest_workflow"),
    Route("DELETE", "/workflows/{user}/{name}", f"{_WORKFLOWS}.delete_workflow"),
)
"""rest.fal.ai, beside uploads and tokens."""

SITE_ROUTES = (
    Route("GET", "/api/models", "platform.models.list_site_models"),
    Route("GET", "/api/openapi/queue/openapi.json", "descriptions.queue_openapi"),
)
"""fal.ai; they need no key."""

KV_ROUTES = (
    Route("PUT", "/set/{database}/{key:.+}", "kv.set_value"),
    Route("GET", "/get/{database}/{key:.+}", "kv.get_value"),
    Route("DELETE", "/delete/{database}/{key:.+}", "kv.delete_value"),
)
"""kv.fal.media."""
