"""The probes: requests that start no call and cost nothing, and what fal was recorded to answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fakefal.protocol.core.hosts import API, QUEUE, REST, RUN
from fakefal.verify.forms import Form

KeyUse = Literal["none", "valid", "unknown"]

WEBSITE = "fal.ai"
"""The website, which serves the OpenAPI of a model."""

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
UNKNOWN_KEY = "00000000-0000-4000-8000-000000000001:0123456789abcdef0123456789abcdef"
_READ = f"/fal-ai/any-llm/requests/{UNKNOWN_ID}"
_NOT_FOUND = Form(404, body='{"status":"NOT_FOUND"}')
_KEY = '{"kty":"OKP","crv":"Ed25519","kid":"<kid>","x":"<ed25519>","use":"sig"}'


@dataclass(frozen=True, slots=True)
class Probe:
    """A request and the form of its response.

    ``source`` is where the form was seen, and when. ``question`` is the open question that the
    response settles, as a heading of docs/reference/open-questions.md; empty if there is none.
    """

    name: str
    method: str
    host: str
    path: str
    form: Form
    source: str
    key: KeyUse = "none"
    body: str = ""
    question: str = ""


PROBES: tuple[Probe, ...] = (
    Probe(
        "status of an unknown id, without a key",
        "GET",
        QUEUE,
        f"{_READ}/status",
        _NOT_FOUND,
        "probes 2026",
        question="authentication-of-unknown-ids",
    ),
    Probe(
        "status of an unknown id",
        "GET",
        QUEUE,
        f"{_READ}/status",
        _NOT_FOUND,
        "probes 2026",
        key="valid",
    ),
    Probe("result of an unknown id", "GET", QUEUE, _READ, _NOT_FOUND, "probes 2026", key="valid"),
    Probe(
        "cancel of an unknown id",
        "PUT",
        QUEUE,
        f"{_READ}/cancel",
        _NOT_FOUND,
        "documented",
        key="valid",
    ),
    Probe(
        "status with an unknown key",
        "GET",
        QUEUE,
        f"{_READ}/status",
        Form(401, body='{"detail":"invalid key credentials"}'),
        "probes 2026, since April 2026",
        key="unknown",
        question="wording-of-401",
    ),
    Probe(
        "status with the path of the endpoint",
        "GET",
        QUEUE,
        f"/fal-ai/any-llm/vision/requests/{UNKNOWN_ID}/status",
        Form(405, {"allow": "POST", "content-type": None, "x-fal-request-id": None}, ""),
        "recordings 2026",
        key="valid",
        question="subpath-in-request-urls",
    ),
    Probe(
        "submit without a key",
        "POST",
        QUEUE,
        "/fal-ai/any-llm",
        Form(
            401,
            body='{"detail":"Cannot access application \\"fal-ai/any-llm\\". Authentication is '
            'required to access this application."}',
        ),
        "probes 2026",
        body="{}",
        question="wording-of-401",
    ),
    Probe(
        "path of one segment on queue.fal.run",
        "POST",
        QUEUE,
        "/any-llm",
        Form(404, body=""),
        "recordings 2026",
        body="{}",
        question="single-segment-paths",
    ),
    Probe(
        "path of one segment on fal.run",
        "POST",
        RUN,
        "/any-llm",
        Form(404, {"content-type": "text/plain<any>"}, "404: Not Found"),
        "recordings 2026",
        body="{}",
        question="single-segment-paths",
    ),
    Probe(
        "keys that verify webhooks",
        "GET",
        REST,
        "/.well-known/jwks.json",
        Form(200, {"content-type": "application/json<any>"}, f'{{"keys":[{_KEY},{_KEY}]}}'),
        "recordings 2026",
    ),
    Probe(
        "upload without a key",
        "POST",
        REST,
        "/storage/upload/initiate?storage_type=fal-cdn-v3",
        Form(401, body='{"detail":"Authorization header is required"}'),
        "probes 2026",
        body='{"content_type":"image/png","file_name":"input.png"}',
    ),
    Probe(
        "upload to an unknown storage",
        "POST",
        REST,
        "/storage/upload/initiate?storage_type=none",
        Form(400, body='{"detail":"Invalid storage type<any>"}'),
        "probes 2026",
        key="valid",
        body='{"content_type":"image/png","file_name":"input.png"}',
        question="gcs-uploads",
    ),
    Probe(
        "addresses of webhooks",
        "GET",
        API,
        "/v1/meta",
        Form(
            200,
            {
                "access-control-allow-origin": r"*",
                "cache-control": "public, max-age=0, must-revalidate",
            },
            '{<any>"webhook_ip_ranges":[<any>]<any>}\n',
            is_exact=True,
        ),
        "recordings 2026",
        key="valid",
        question="platform-api-format",
    ),
    Probe(
        "error of the platform API",
        "GET",
        API,
        "/v1/models?limit=0",
        Form(400, body='{"error":{"type":"validation_error","message":"<any>"}}\n', is_exact=True),
        "recordings 2026",
        key="valid",
        question="platform-api-format",
    ),
    Probe(
        "OpenAPI of a model",
        "GET",
        WEBSITE,
        "/api/openapi/queue/openapi.json?endpoint_id=fal-ai/any-llm",
        Form(200, {"content-type": "application/json<any>"}, '{<any>"openapi":"3.0.4"<any>}'),
        "client, recordings 2026",
    ),
)
"""All probes, in the order in which they are sent."""
