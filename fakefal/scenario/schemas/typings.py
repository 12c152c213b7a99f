"""Types of inputs and outputs for editors: ``TypedDict`` for Python, interfaces for TypeScript."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterable
from typing import Any, ClassVar

from fakefal.protocol.core.call import Json
from fakefal.scenario.schemas.core_schemas import kinds_of, merge_schemas, property_order
from fakefal.scenario.schemas.description import Description, Schema

_MAX_DEPTH = 40


class TypeWriter:
    """Writes the types of descriptions in one language; subclasses say how.

    Models are named for their endpoint and component: ``FalAiFluxDevImageSize``.
    """

    scalars: ClassVar[dict[str, str]]
    anything: ClassVar[str]

    def __init__(self) -> None:
        self._blocks: dict[str, str] = {}
        self._open: set[str] = set()
        self._description: Description
        self._prefix = ""

    def write(self, descriptions: Iterable[Description]) -> str:
        """The text of a module; raises SchemaError."""
        endpoints: list[tuple[str, str, str]] = []
        for description in descriptions:
            self._description = description
            self._prefix = _pascal(description.endpoint)
            types = [
                self._type(schema, name, 0) if schema is not None else self.anything
                for name, schema in (
                    ("Input", description.input_schema),
                    ("Output", description.output_schema),
                )
            ]
            endpoints.append((description.endpoint, types[0], types[1]))
        return self.module(list(self._blocks.values()), endpoints)

    def _type(self, schema: Any, name: str, depth: int) -> str:
        if not isinstance(schema, dict) or depth > _MAX_DEPTH:
            return self.anything
        if isinstance(reference := schema.get("$ref"), str):
            target = self._description.resolve(schema, name)
            is_root = depth == 0
            return self._type(target, name if is_root else reference.rsplit("/", 1)[-1], depth + 1)
        text = self._plain_type(schema, name, depth)
        return self.union([text, self.scalars["null"]]) if schema.get("nullable") is True else text

    def _plain_type(self, schema: Schema, name: str, depth: int) -> str:
        if isinstance(parts := schema.get("allOf"), list) and parts:
            resolve = self._description.resolve
            if len(parts) == 1:
                return self._type(parts[0], name, depth + 1)
            resolved = [resolve(part, name) for part in parts if isinstance(part, dict)]
            return self._type(merge_schemas(resolved), name, depth + 1)
        choices = schema.get("anyOf") or schema.get("oneOf")
        if isinstance(choices, list) and choices:
            types = [
                self._type(choice, f"{name}Choice{number}", depth + 1)
                for number, choice in enumerate(choices, 1)
            ]
            return self.union(types)
        if "const" in schema:
            return self.literals([schema["const"]])
        if isinstance(values := schema.get("enum"), list) and values:
            return self.literals(values)
        kinds = kinds_of(schema)
        return self.union([self._of_kind(kind, schema, name, depth) for kind in kinds])

    def _of_kind(self, kind: str, schema: Schema, name: str, depth: int) -> str:
        if kind == "array":
            return self.array(self._type(schema.get("items"), f"{name}Item", depth + 1))
        if kind != "object":
            return self.scalars.get(kind, self.anything)
        if not isinstance(schema.get("properties"), dict):
            values = schema.get("additionalProperties")
            return self.mapping(self._type(values, f"{name}Value", depth + 1))
        return self._model(schema, name, depth)

    def _model(self, schema: Schema, name: str, depth: int) -> str:
        class_name = f"{self._prefix}{_pascal(name)}"
        if class_name not in self._blocks:
            self._blocks[class_name] = ""  # its place, before the models that it contains
            required = schema.get("required")
            names = required if isinstance(required, list) else []
            fields = [
                (
                    key,
                    self._type(schema["properties"][key], f"{name}{_pascal(key)}", depth + 1),
                    key in names,
                    _comment(schema["properties"][key]),
                )
                for key in property_order(schema)
            ]
            self._blocks[class_name] = self.model(class_name, fields)
        return self.reference(class_name)

    def union(self, types: list[str]) -> str:
        """A type that is one of several."""
        unique = list(dict.fromkeys(types))
        return self.anything if self.anything in unique or not unique else " | ".join(unique)

    def literals(self, values: list[Json]) -> str:
        """A type with these values."""
        raise NotImplementedError

    def array(self, item: str) -> str:
        """The type of a list."""
        raise NotImplementedError

    def mapping(self, value: str) -> str:
        """The type of an object with any keys."""
        raise NotImplementedError

    def reference(self, name: str) -> str:
        """How a type names another one."""
        return name

    def model(self, name: str, fields: list[tuple[str, str, bool, str]]) -> str:
        """The definition of an object; fields are name, type, whether required, comment."""
        raise NotImplementedError

    def module(self, blocks: list[str], endpoints: list[tuple[str, str, str]]) -> str:
        """The whole text; endpoints are id, input type, output type."""
        raise NotImplementedError


class PythonTypes(TypeWriter):
    """``TypedDict`` classes, in a module that only type checkers need to read."""

    scalars: ClassVar = {
        "string": "str",
        "integer": "int",
        "number": "float",
        "boolean": "bool",
        "null": "None",
    }
    anything = "Any"

    def literals(self, values: list[Json]) -> str:
        """``Literal["a", 3]``; values that Literal cannot hold make it Any."""
        if not all(value is None or isinstance(value, (str, int)) for value in values):
            return self.anything
        return f"Literal[{', '.join(map(repr, values))}]"

    def array(self, item: str) -> str:
        """``list[str]``."""
        return f"list[{item}]"

    def mapping(self, value: str) -> str:
        """``dict[str, float]``."""
        return f"dict[str, {value}]"

    def model(self, name: str, fields: list[tuple[str, str, bool, str]]) -> str:
        """A class, or a call if a key is no identifier."""
        typed = [
            (key, type_ if is_required else f"NotRequired[{type_}]", comment)
            for key, type_, is_required, comment in fields
        ]
        if any(not key.isidentifier() or keyword.iskeyword(key) for key, _, _ in typed):
            # The types are strings: they are evaluated before later classes exist.
            members = "".join(f"        {key!r}: {type_!r},\n" for key, type_, _ in typed)
            return f"{name} = TypedDict(\n    {name!r},\n    {{\n{members}    }},\n)\n"
        lines = "".join(
            f"    {key}: {type_}\n" + (f'    """{comment}"""\n' if comment else "")
            for key, type_, comment in typed
        )
        return f"class {name}(TypedDict):\n{lines or '    pass' + chr(10)}"

    def module(self, blocks: list[str], endpoints: list[tuple[str, str, str]]) -> str:
        """Classes, then a comment with the endpoints."""
        head = (
            '"""Inputs and outputs of fal endpoints. Written by fakefal schemas types."""\n\n'
            "from __future__ import annotations\n\n"
            "from typing import Any, Literal\n\n"
            "from typing_extensions import NotRequired, TypedDict\n"
        )
        table = "".join(
            f"# {endpoint}: {input_} -> {output}\n" for endpoint, input_, output in endpoints
        )
        return "\n\n".join([head, *blocks, table])


class TypeScriptTypes(TypeWriter):
    """Interfaces, and ``FalEndpoints``, a map like ``EndpointTypeMap`` of @fal-ai/client."""

    scalars: ClassVar = {
        "string": "string",
        "integer": "number",
        "number": "number",
        "boolean": "boolean",
        "null": "null",
    }
    anything = "unknown"

    def literals(self, values: list[Json]) -> str:
        """``"a" | 3``."""
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in values)

    def array(self, item: str) -> str:
        """``Array<string>``."""
        return f"Array<{item}>"

    def mapping(self, value: str) -> str:
        """``Record<string, number>``."""
        return f"Record<string, {value}>"

    def model(self, name: str, fields: list[tuple[str, str, bool, str]]) -> str:
        """An interface."""
        lines = "".join(
            (f"  /** {comment} */\n" if comment else "")
            + f"  {key if key.isidentifier() else json.dumps(key)}"
            + f"{'' if is_required else '?'}: {type_};\n"
            for key, type_, is_required, comment in fields
        )
        return f"export interface {name} {{\n{lines}}}\n"

    def module(self, blocks: list[str], endpoints: list[tuple[str, str, str]]) -> str:
        """Interfaces, then the map of endpoints."""
        members = "".join(
            f"  {json.dumps(endpoint)}: {{ input: {input_}; output: {output} }};\n"
            for endpoint, input_, output in endpoints
        )
        head = "// Inputs and outputs of fal endpoints. Written by fakefal schemas types.\n"
        return "\n".join([head, *blocks, f"export interface FalEndpoints {{\n{members}}}\n"])


def _pascal(text: str) -> str:
    words = re.split(r"[^A-Za-z0-9]+", text)
    name = "".join(word[:1].upper() + word[1:] for word in words if word)
    return f"_{name}" if name[:1].isdigit() else name


def _comment(schema: Any) -> str:
    text = schema.get("description") if isinstance(schema, dict) else None
    if not isinstance(text, str):
        return ""
    line = " ".join(text.split()).replace("*/", "* /").replace('"""', "'''").replace("\\", "\\\\")
    return line + (" " if line.endswith('"') else "")
