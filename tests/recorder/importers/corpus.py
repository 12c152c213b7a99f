"""Files of other tools, none of which is a recording of fal. All are made up."""

from __future__ import annotations

import json
from typing import Any


def _har(url: str, **fields: Any) -> dict[str, Any]:
    request = {"method": "GET", "url": url, "headers": []}
    response = {"status": 200, "headers": [], "content": {"mimeType": "text/html", "text": "x"}}
    started = {"startedDateTime": "2026-01-01T00:00:00Z", "time": 1}
    return {
        "log": {
            "version": "1.2",
            "entries": [{**started, **fields, "request": request, "response": response}],
        }
    }


def _interaction(url: str) -> dict[str, Any]:
    request = {"method": "POST", "uri": url, "body": "{}", "headers": {}}
    body = {"string": '{"images": [{"url": "https://cdn.example/1.png"}]}'}
    return {"request": request, "response": {"status": {"code": 200}, "headers": {}, "body": body}}


JSON_FILES: dict[str, Any] = {
    "package.json": {"name": "app", "version": "1.0.0", "dependencies": {"@fal-ai/client": "1"}},
    "package-lock.json": {"name": "app", "lockfileVersion": 3, "packages": {"": {}}},
    "tsconfig.json": {"compilerOptions": {"strict": True}, "include": ["src"]},
    "composer.json": {"require": {"php": "^8"}},
    "eslintrc.json": {"root": True, "rules": {"no-var": "error"}},
    "openapi.json": {"openapi": "3.1.0", "info": {"title": "x"}, "paths": {"/acme/draw": {}}},
    "swagger.json": {"swagger": "2.0", "paths": {}},
    "asyncapi.json": {"asyncapi": "3.0.0", "channels": {}},
    "jsonschema.json": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
    },
    "geo.json": {"type": "FeatureCollection", "features": []},
    "notebook.ipynb": {"cells": [], "nbformat": 4, "metadata": {}},
    "github.json": {"id": 1, "full_name": "a/b", "owner": {"login": "a"}},
    "stripe.json": {"id": "evt_1", "object": "event", "type": "charge.failed", "data": {}},
    "slack.json": {"ok": True, "channel": "C1", "message": {"text": "hi"}},
    "k8s.json": {"apiVersion": "v1", "kind": "Pod", "status": {"phase": "Running"}},
    "terraform.tfstate": {"version": 4, "resources": [], "outputs": {}},
    "cloudformation.json": {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}},
    "lottie.json": {"v": "5.5", "layers": [], "assets": []},
    "sarif.json": {"version": "2.1.0", "runs": [{"tool": {}, "results": []}]},
    "cyclonedx.json": {"bomFormat": "CycloneDX", "components": []},
    "coverage.json": {"meta": {"version": "7"}, "files": {}, "totals": {}},
    "newman.json": {"collection": {"info": {}}, "run": {"executions": []}},
    "postman_v1.json": {"id": "1", "name": "x", "order": [], "requests": []},
    "postman_environment.json": {
        "name": "x",
        "values": [],
        "_postman_variable_scope": "environment",
    },
    "postman_empty.json": {
        "info": {"schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
        "item": [{"name": "draw", "request": {"method": "POST", "url": "https://fal.run/a/b"}}],
    },
    "insomnia.json": {"_type": "export", "__export_format": 4, "resources": []},
    "thunder.json": {"clientName": "Thunder Client", "requests": []},
    "wiremock.json": {
        "request": {"method": "POST", "url": "/acme/draw"},
        "response": {"status": 200},
    },
    "wiremock_all.json": {
        "mappings": [{"request": {"urlPathPattern": "/a.*"}, "response": {"jsonBody": {}}}]
    },
    "mountebank.json": {"imposters": [{"port": 4545, "protocol": "http", "stubs": []}]},
    "imposter.json": {"port": 4545, "protocol": "http", "stubs": []},
    "hoverfly.json": {"data": {"pairs": []}, "meta": {"schemaVersion": "v5.2"}},
    "mockserver.json": [{"httpRequest": {"path": "/a"}, "httpResponse": {"statusCode": 200}}],
    "mockoon.json": {"uuid": "1", "lastMigration": 32, "routes": [], "port": 3000},
    "pact.json": {
        "consumer": {"name": "a"},
        "provider": {"name": "b"},
        "interactions": [{"request": {"method": "GET", "path": "/"}, "response": {"status": 200}}],
    },
    "talkback.json": {"meta": {}, "req": {"url": "/"}, "res": {"status": 200}},
    "netlog.json": {"constants": {}, "events": []},
    "charles.chlsj": [
        {
            "status": "COMPLETE",
            "method": "GET",
            "protocolVersion": "HTTP/1.1",
            "scheme": "https",
            "host": "fal.run",
            "path": "/acme/draw",
            "request": {},
            "response": {},
        }
    ],
    "replicate.json": {
        "id": "x",
        "status": "succeeded",
        "output": ["https://replicate.delivery/1.png"],
    },
    "openai.json": {"id": "1", "object": "chat.completion", "choices": [], "usage": {}},
    "comfyui.json": {"3": {"class_type": "KSampler", "inputs": {"seed": 1}}},
    "huggingface.json": [{"generated_text": "hello"}],
    "runpod.json": {
        "id": "1",
        "status": "COMPLETED",
        "output": {"image_url": "https://x.example/1"},
    },
    "job_queue.json": {"status": "IN_QUEUE", "position": 3, "job": "7"},
    "payment.json": {"status": "OK", "payload": {"amount": 5}},
    "django.json": {"detail": "Authentication credentials were not provided."},
    "fastapi.json": {
        "detail": [{"loc": ["body", "x"], "msg": "Field required", "type": "missing"}]
    },
    "fastapi_404.json": {"detail": "Not Found"},
    "problem.json": {"type": "about:blank", "title": "Gone", "status": 410, "detail": "It is gone"},
    "introspection.json": {"data": {"__schema": {"types": []}}},
    "nock_elsewhere.json": [
        {
            "scope": "https://api.example:443",
            "method": "GET",
            "path": "/",
            "status": 200,
            "response": {},
        }
    ],
    "har_elsewhere.har": _har("https://example.com/fal.run"),
    "polly.har": _har("https://api.example/x", _id="1", _order=0),
    "vcr_elsewhere.json": {"version": 1, "interactions": [_interaction("https://api.example/a/b")]},
    "exvcr_elsewhere.json": [
        {"request": {"method": "get", "url": "http://x.example/"}, "response": {"status_code": 200}}
    ],
    "empty.json": {},
    "list.json": [],
    "null.json": None,
    "number.json": 5,
    "text.json": "fal.run",
    "lists.json": [[1, 2], [3]],
    "seeds.json": {"images": [], "seed": 7},
}

TEXT_FILES: dict[str, str] = {
    "scenario.yaml": "fakefal: 1\nexchanges:\n  - reply: {text: hi}\n",
    "compose.yaml": "services:\n  fal:\n    image: x\n",
    "workflow.yml": "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n",
    "openapi.yaml": "openapi: 3.1.0\npaths: {}\n",
    "insomnia.yaml": "type: collection.insomnia.rest/5.0\nname: x\n",
    "betamax.yaml": "!tape\nname: x\ninteractions:\n- recorded: 2026\n  request: {uri: http://x.example}\n",
    "ruby_elsewhere.yaml": "http_interactions:\n- request: {method: get, uri: http://x.example/}\n"
    "  response: {status: {code: 200}, headers: {}, body: {string: hi}}\nrecorded_with: VCR 6\n",
    "burp.xml": '<?xml version="1.0"?>\n<items burpVersion="2026"><item/></items>\n',
    "charles.xml": '<?xml version="1.0"?>\n<charles-session></charles-session>\n',
    "junit.xml": '<?xml version="1.0"?>\n<testsuites/>\n',
    "page.html": "<!doctype html>\n<title>fal.run</title>\n",
    "notes.md": "# fal.run\n\nPOST /acme/draw\n",
    "data.csv": "id,status\n1,COMPLETED\n",
    "app.log": "2026-01-01 INFO submitted request_id=1 to queue.fal.run\n",
    "query.sql": "select * from requests where status = 'COMPLETED';\n",
    "pyproject.toml": '[project]\nname = "fal"\n',
    "settings.ini": "[fal]\nkey = x\n",
    "command.sh": "curl -X POST https://fal.run/acme/draw -d '{}'\n",
    "script.py": 'import fal_client\n\nprint(fal_client.run("acme/draw"))\n',
    "curl_elsewhere.txt": "> GET / HTTP/1.1\n> Host: example.com\n>\n< HTTP/1.1 200 OK\n<\nhi\n",
    "curl_i_elsewhere.txt": 'HTTP/1.1 200 OK\ncontent-type: application/json\n\n{"ok": true}\n',
    "httpie_elsewhere.txt": "GET / HTTP/1.1\nHost: example.com\n\nHTTP/1.1 200 OK\n\nhi\n",
    "events.ndjson": '{"level": "info"}\n{"level": "warn"}\n',
    "empty.txt": "",
}

BYTE_FILES: dict[str, bytes] = {
    "flows.mitm": b"1234:9:websocket;0:~\xff",
    "session.saz": b"PK\x03\x04\xff\xff",
    "traffic.har.gz": b"\x1f\x8b\x08\xff",
    "traffic.pcap": b"\xd4\xc3\xb2\xa1\x02\x00",
    "picture.png": b"\x89PNG\r\n\x1a\n",
    "cookies.sqlite": b"SQLite format 3\x00\xff",
}

FILES: dict[str, bytes] = {
    **{name: json.dumps(data).encode() for name, data in JSON_FILES.items()},
    **{name: text.encode() for name, text in TEXT_FILES.items()},
    **BYTE_FILES,
}

NAMES = {
    "openapi.json": "an OpenAPI description",
    "openapi.yaml": "an API description",
    "pact.json": "a Pact contract",
    "wiremock.json": "a stub mapping of WireMock",
    "wiremock_all.json": "a stub mapping of WireMock",
    "mountebank.json": "a configuration of mountebank",
    "hoverfly.json": "a simulation of Hoverfly",
    "mockserver.json": "an expectation of MockServer",
    "mockoon.json": "an environment of Mockoon",
    "insomnia.json": "an export of Insomnia",
    "postman_v1.json": "a Postman collection v1",
    "talkback.json": "a tape of Talkback",
    "charles.chlsj": "a session of Charles",
    "netlog.json": "a network log of Chrome",
    "burp.xml": "items of Burp",
    "betamax.yaml": "a tape of Betamax for Java",
    "command.sh": "a curl command",
    "flows.mitm": "a flow file of mitmproxy",
    "session.saz": "a zip archive (Fiddler's .saz?)",
    "traffic.pcap": "a packet capture",
    "scenario.yaml": "a scenario of fakefal",
}
"""What a refusal says that a file is."""
