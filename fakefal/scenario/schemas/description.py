"""An OpenAPI description of one endpoint or of a whole API, parsed within bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from pydantic_core import from_json

from fakefal.errors import FakefalError
from fakefal.protocol.core.call import Json

MAX_BYTES = 5_000_000
"""The largest description; those of fal's endpoints have 20 to 100 KB."""

MAX_DEPTH = 64
"""How deeply schemas may be nested, not counting what a cyclic reference repeats."""

Schema = Mapping[str, Any]

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")


class SchemaError(FakefalError):
    """A description that cannot be used: where, what is wrong, what would be right.

    ``path`` is the way to the place in the document: ``components.schemas.Input``.
    """

    def __init__(self, path: str, message: str, suggestion: str = "", file: str = "") -> None:
        self.path = path
        self.message = message
        self.suggestion = suggestion
        self.file = file
        super().__init__()

    def __str__(self) -> str:
        place = "".join(f"{part}: " for part in (self.file, self.path) if part)
        return f"{place}{self.message}{f' — {self.suggestion}' if self.suggestion else ''}"


@dataclass(frozen=True, slots=True)
class ApiOperation:
    """One operation of a description: method in capitals, the templated path, and its object."""

    method: str
    path: str
    spec: Schema


@dataclass(frozen=True, slots=True, eq=False)
class Description:
    """A parsed OpenAPI document. ``file`` is where it was read, for error texts."""

    document: dict[str, Json]
    file: str = ""
    _resolved: dict[str, Schema] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        """The endpoint it describes; empty if it names none.

        From ``info.x-fal-metadata.endpointId``, else the first path with a POST.
        """
        metadata = _mapping(_mapping(self.document.get("info")).get("x-fal-metadata"))
        if isinstance(name := metadata.get("endpointId"), str) and name:
            return name.strip("/")
        return next((it.path.strip("/") for it in self.operations() if it.method == "POST"), "")

    @property
    def metadata(self) -> Schema:
        """``info.x-fal-metadata``, or an empty mapping."""
        return _mapping(_mapping(self.document.get("info")).get("x-fal-metadata"))

    def operations(self) -> Iterator[ApiOperation]:
        """Every operation, in the order of the document."""
        for path, item in _mapping(self.document.get("paths")).items():
            for method, spec in _mapping(item).items():
                if method in _METHODS and isinstance(spec, dict):
                    yield ApiOperation(method.upper(), str(path), spec)

    @property
    def input_schema(self) -> Schema | None:
        """The schema of the endpoint's input; None for a description without one."""
        submit = self._submit()
        return None if submit is None else self.json_schema(submit.spec.get("requestBody"))

    @property
    def output_schema(self) -> Schema | None:
        """The schema of its output: of the queue's result, else of the direct response."""
        submit = self._submit()
        if submit is None:
            return None
        base = submit.path.rstrip("/")
        for operation in self.operations():
            is_result = operation.path.startswith(f"{base}/requests/{{")
            if operation.method == "GET" and is_result and operation.path.endswith("}"):
                return self.response_schema(operation.spec)[1]
        return self.response_schema(submit.spec)[1]

    def response_schema(self, spec: Schema) -> tuple[int, Schema | None]:
        """The status and the schema of an operation's success; 200 and None if it has none."""
        responses = _mapping(spec.get("responses"))
        for status, response in sorted(responses.items(), key=lambda item: str(item[0])):
            if str(status)[:1] == "2":
                code = str(status)
                number = int(code) if code.isdecimal() and len(code) == 3 else 200
                return number, self.json_schema(response)
        return 200, self.json_schema(responses.get("default"))

    def json_schema(self, holder: Json) -> Schema | None:
        """The schema of JSON in a request body or a response, with the holder's examples."""
        content = _mapping(self.resolve(_mapping(holder), "paths").get("content"))
        for media_type, item in content.items():
            is_json = "json" in str(media_type).lower() or media_type == "*/*"
            if is_json and isinstance(item, dict) and isinstance(item.get("schema"), dict):
                examples = _examples_of(item)
                schema: dict[str, Any] = item["schema"]
                return {**schema, "examples": examples} if examples else schema
        return None

    def resolve(self, schema: Schema, path: str) -> Schema:
        """A schema without ``$ref``; what stands beside the reference overrides its target.

        Raises SchemaError for a reference that leads nowhere, elsewhere or to itself.
        """
        visited: set[str] = set()
        while isinstance(reference := schema.get("$ref"), str):
            if reference in visited:
                raise self.problem(path, f'"{reference}" refers to itself', "refer to a schema")
            visited.add(reference)
            siblings = {name: value for name, value in schema.items() if name != "$ref"}
            target = self.target(reference, path)
            schema = {**target, **siblings} if siblings else target
        return schema

    def target(self, reference: str, path: str) -> Schema:
        """What ``#/components/schemas/Name`` refers to (RFC 6901); raises SchemaError."""
        if (cached := self._resolved.get(reference)) is not None:
            return cached
        if not reference.startswith("#"):
            suggestion = "copy the schema into components.schemas"
            raise self.problem(path, f'"{reference}" is in another document', suggestion)
        node: Json = self.document
        for part in reference[1:].split("/")[1:]:
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and name.isdecimal() and int(name) < len(node):
                node = node[int(name)]
            else:
                node = node.get(name) if isinstance(node, dict) else None
        if not isinstance(node, dict):
            if isinstance(node, bool):
                node = {} if node else {"not": {}}
            else:
                known = ", ".join(list(self.components)[:5]) or "none"
                suggestion = f"the schemas are {known}"
                raise self.problem(path, f'"{reference}" does not exist', suggestion)
        schema: Schema = node
        self._resolved[reference] = schema
        return schema

    @property
    def components(self) -> Schema:
        """``components.schemas``."""
        return _mapping(_mapping(self.document.get("components")).get("schemas"))

    def _submit(self) -> ApiOperation | None:
        posts = [it for it in self.operations() if it.method == "POST" and "requestBody" in it.spec]
        endpoint = self.metadata.get("endpointId")
        named = [it for it in posts if it.path.strip("/") == endpoint]
        return next(iter(named or posts), None)

    def problem(self, path: str, message: str, suggestion: str = "") -> SchemaError:
        """A SchemaError in this description."""
        return SchemaError(path, message, suggestion, self.file)


def parse_description(data: bytes, file: str = "") -> Description:
    """A description from JSON; raises SchemaError."""
    if len(data) > MAX_BYTES:
        raise SchemaError("", f"larger than {MAX_BYTES // 1_000_000} MB", "split it", file)
    try:
        document = from_json(data.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False)
    except ValueError as error:
        raise SchemaError("", f"not JSON: {error}", "export it as JSON", file) from None
    return description_of(document, file)


def description_of(document: Json, file: str = "") -> Description:
    """A description from a parsed document; raises SchemaError."""
    version = document.get("openapi") if isinstance(document, dict) else None
    if not isinstance(version, str) or not version.startswith("3."):
        suggestion = 'it begins with "openapi": "3.0.4" or "3.1.0"'
        what = f'"openapi" is {version!r}' if version is not None else "not an OpenAPI description"
        raise SchemaError("", what, suggestion, file)
    if not isinstance(document.get("paths", {}), dict):
        raise SchemaError("paths", "is not a mapping", "map paths to operations", file)
    return Description(document, file)


def _examples_of(item: Schema) -> list[Json]:
    """The examples of a media type object, which are values or objects with a value."""
    examples: list[Json] = [item["example"]] if "example" in item else []
    named = item.get("examples")
    if isinstance(named, dict):
        examples += [it["value"] for it in named.values() if isinstance(it, dict) and "value" in it]
    return examples


def _mapping(value: Json) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
