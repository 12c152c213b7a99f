"""Recognises recordings by their structure; what is known but not read is refused by its name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Literal, get_args

from fakefal.errors import FakefalError
from fakefal.recorder.importers.bodies import is_fal_body
from fakefal.recorder.importers.messages import is_raw_messages

Format = Literal["har", "vcr", "nock", "postman", "aimock", "curl", "http", "sse", "jsonl", "body"]
FORMATS: tuple[Format, ...] = get_args(Format)

KNOWN = (
    "HAR (browsers, proxies, Polly.JS), cassettes of VCR.py, VCR for Ruby, Betamax, go-vcr, "
    "PHP-VCR and ExVCR, nock's recorder, a Postman collection with saved responses, aimock, "
    "curl -v, -i and --trace-ascii, HTTPie -v, event streams, and JSON or JSON lines of fal's "
    "statuses, results, errors and webhooks"
)
"""What can be imported, in words."""

_AS_HAR = "export the traffic as HAR, which can be imported"
_CASSETTE_LINE = re.compile(r"(?m)^(?:- request:|(?:http_)?interactions:)")


def recognize(text: str, file: str) -> Format:
    """The format of a text; raises FakefalError, with the name of a format that is not read."""
    stripped = text.strip().removeprefix("\ufeff")
    try:
        data = json.loads(stripped)
    except ValueError:
        found = _recognize_text(stripped, file)
    else:
        found = _recognize_json(data, file)
        if found is None:
            raise FakefalError(
                f"{file}: JSON, but not of fal and of no known recording — pass --format body if "
                f"it is the result of a model, for every call; what can be imported: {KNOWN}"
            )
    if found is None:
        raise FakefalError(f"{file}: unknown file format — what can be imported: {KNOWN}")
    return found


def refuse_binary(data: bytes, file: str) -> FakefalError:
    """The error for a file that is not text, with the name of its format if it is known."""
    for is_format, name, advice in _BINARY_FORMATS:
        if is_format(data):
            return FakefalError(f"{file} is {name}, which cannot be imported — {advice}")
    return FakefalError(f"cannot read {file}: not UTF-8 text")


def _recognize_json(data: Any, file: str) -> Format | None:
    for is_other, name, advice in _OTHER_JSON:
        if is_other(data):
            raise FakefalError(f"{file} is {name}, which cannot be imported — {advice}")
    for form, is_form in _JSON_FORMATS.items():
        if is_form(data):
            return form
    if isinstance(data, (dict, list)) and _has_detail(data):
        raise FakefalError(
            f"{file}: an error, but none that is known to be fal's — pass --format body if it is "
            "to answer every call"
        )
    return None


def _recognize_text(text: str, file: str) -> Format | None:
    for expression, name, advice in _OTHER_TEXT:
        if re.search(expression, text):
            raise FakefalError(f"{file} is {name}, which cannot be imported — {advice}")
    if _CASSETTE_LINE.search(text):
        return "vcr"
    lines = text.splitlines()
    if any(line.startswith(("> ", "=> Send header", "== Info")) for line in lines):
        return "curl"
    if re.search(r"(?m)^(?:\d\d:\d\d:\d\d\.\d+ )?=> Send header", text):
        return "curl"
    if is_raw_messages(text):
        return "http"
    if re.match(r"(?:event|data|id|retry|):", text) and re.search(r"(?m)^data:", text):
        return "sse"
    return "jsonl" if _is_json_lines(lines) else None


def _is_json_lines(lines: list[str]) -> bool:
    try:
        values = [json.loads(line) for line in lines if line.strip()]
    except ValueError:
        return False
    return len(values) > 1 and all(map(is_fal_body, values))


# JSON that is read


def _is_har(data: Any) -> bool:
    log = data.get("log") if isinstance(data, dict) else None
    return isinstance(log, dict) and isinstance(log.get("entries"), list)


def _is_interaction(item: Any) -> bool:
    if not isinstance(item, dict):
        return False
    request, response = item.get("request"), item.get("response")
    return (
        isinstance(request, dict)
        and isinstance(response, dict)
        and isinstance(request.get("uri", request.get("url")), str)
        and bool({"status", "status_code", "code"} & response.keys())
    )


def _is_cassette(data: Any) -> bool:
    items = data
    if isinstance(data, dict):
        items = data.get("interactions", data.get("http_interactions"))
        if items == []:
            return True
    return isinstance(items, list) and bool(items) and all(map(_is_interaction, items))


def _is_nock(data: Any) -> bool:
    return (
        isinstance(data, list)
        and bool(data)
        and all(
            isinstance(item, dict) and {"scope", "method", "path", "status"} <= item.keys()
            for item in data
        )
    )


def _is_postman(data: Any) -> bool:
    info = data.get("info") if isinstance(data, dict) else None
    return isinstance(info, dict) and "postman.com/json/collection/v2" in str(info.get("schema"))


def _is_aimock(data: Any) -> bool:
    fixtures = data.get("fixtures") if isinstance(data, dict) else None
    return isinstance(fixtures, list) and all(
        isinstance(item, dict) and "match" in item for item in fixtures
    )


_JSON_FORMATS: dict[Format, Callable[[Any], bool]] = {
    "har": _is_har,
    "vcr": _is_cassette,
    "nock": _is_nock,
    "postman": _is_postman,
    "aimock": _is_aimock,
    "body": is_fal_body,
}


# What is known, but not read


def _has_keys(*names: str) -> Callable[[Any], bool]:
    return lambda data: isinstance(data, dict) and set(names) <= data.keys()


def _lists(*names: str) -> Callable[[Any], bool]:
    return lambda data: isinstance(data, list) and bool(data) and _has_keys(*names)(data[0])


def _has_detail(data: Any) -> bool:
    return isinstance(data, dict) and "detail" in data


def _is_wiremock(data: Any) -> bool:
    stubs = data.get("mappings", [data]) if isinstance(data, dict) else None
    first = stubs[0] if isinstance(stubs, list) and stubs else None
    request = first.get("request") if isinstance(first, dict) else None
    matchers = {"url", "urlPath", "urlPattern", "urlPathPattern", "urlPathTemplate"}
    return (
        isinstance(first, dict)
        and isinstance(request, dict)
        and "response" in first
        and bool(matchers & request.keys())
        and str(request.get("url", "/"))[:1] == "/"
    )


def _is_hoverfly(data: Any) -> bool:
    inner = data.get("data") if isinstance(data, dict) else None
    return isinstance(inner, dict) and "pairs" in inner


def _is_insomnia(data: Any) -> bool:
    return isinstance(data, dict) and data.get("_type") == "export" and "resources" in data


_HOSTLESS = "its stubs have no hosts: record the calls again, or write a scenario"

_OTHER_JSON: tuple[tuple[Callable[[Any], bool], str, str], ...] = (
    (_has_keys("fakefal"), "a scenario of fakefal", "serve it as it is"),
    (_has_keys("openapi", "paths"), "an OpenAPI description", "it holds no recorded calls"),
    (_has_keys("swagger", "paths"), "a Swagger description", "it holds no recorded calls"),
    (_has_keys("asyncapi"), "an AsyncAPI description", "it holds no recorded calls"),
    (_has_keys("consumer", "provider"), "a Pact contract", _HOSTLESS),
    (_has_keys("imposters"), "a configuration of mountebank", _HOSTLESS),
    (_has_keys("stubs", "protocol"), "an imposter of mountebank", _HOSTLESS),
    (_is_wiremock, "a stub mapping of WireMock", _HOSTLESS),
    (_is_hoverfly, "a simulation of Hoverfly", "record through fakefal, or import a HAR"),
    (_lists("httpRequest", "httpResponse"), "an expectation of MockServer", _HOSTLESS),
    (_has_keys("httpRequest", "httpResponse"), "an expectation of MockServer", _HOSTLESS),
    (_has_keys("lastMigration", "routes"), "an environment of Mockoon", _HOSTLESS),
    (_is_insomnia, "an export of Insomnia", "it holds no responses: import a HAR"),
    (
        _has_keys("order", "requests", "id"),
        "a Postman collection v1",
        "export it as collection v2.1, with saved responses",
    ),
    (_has_keys("_postman_variable_scope"), "a Postman environment", "export the collection"),
    (_has_keys("collection", "run"), "a report of Newman", "export the collection instead"),
    (_has_keys("req", "res", "meta"), "a tape of Talkback", _AS_HAR),
    (_has_keys("constants", "events"), "a network log of Chrome", _AS_HAR),
    (_lists("scheme", "host", "path", "protocolVersion"), "a session of Charles", _AS_HAR),
    (_has_keys("clientName", "requests"), "a collection of Thunder Client", _AS_HAR),
)

_OTHER_TEXT = (
    (r"\A(?:---\s+)?(?:#.*\n)*\s*fakefal:", "a scenario of fakefal", "serve it as it is"),
    (r"\A!tape", "a tape of Betamax for Java", _AS_HAR),
    (r"(?m)^type: collection\.insomnia", "an export of Insomnia", "it holds no responses"),
    (r"(?m)\A(?:#.*\n)*\s*(?:openapi|swagger): ", "an API description", "it holds no calls"),
    (
        r"(?s)\A(?:<\?xml.*?\?>\s*)?(?:<!DOCTYPE items.*?)?<items burpVersion",
        "items of Burp",
        _AS_HAR,
    ),
    (r"(?s)\A(?:<\?xml.*?\?>\s*)?<charles-session", "a session of Charles", _AS_HAR),
    (r"(?i)\A(?:<!doctype|<html|<\?xml)", "an HTML or XML document", "it holds no recorded calls"),
    (r"\A(?:\$ )?curl\s", "a curl command", "it has no response: run it with -i and import that"),
    (r"\A\{\s*(?://.*\n\s*)?meta: \{", "a tape of Talkback", _AS_HAR),
)

_BINARY_FORMATS: tuple[tuple[Callable[[bytes], bool], str, str], ...] = (
    (
        lambda data: re.match(rb"\d+:\d+:[a-z_]+;", data) is not None,
        "a flow file of mitmproxy",
        "save it with mitmdump -nr FILE --set hardump=FILE.har",
    ),
    (lambda data: data[:4] == b"PK\x03\x04", "a zip archive (Fiddler's .saz?)", _AS_HAR),
    (lambda data: data[:2] == b"\x1f\x8b", "compressed with gzip", "unpack it first"),
    (
        lambda data: data[:4] in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x0a\x0d\x0d\x0a"),
        "a packet capture",
        _AS_HAR,
    ),
    (lambda data: data[:16] == b"SQLite format 3\x00", "an SQLite database", _AS_HAR),
)
