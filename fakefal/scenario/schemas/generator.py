"""Generates values that are valid for a schema: examples first, then by type, always checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.scenario.media.output_kinds import FileRef
from fakefal.scenario.schemas.conformance import (
    UNCOVERED,
    Conformance,
    is_equal,
    item_schemas,
)
from fakefal.scenario.schemas.core_schemas import property_order
from fakefal.scenario.schemas.description import Description, Schema, SchemaError
from fakefal.scenario.schemas.intersection import (
    alternatives,
    is_combined,
    kinds_of_values,
    normalized,
)
from fakefal.scenario.schemas.numbers_in_bounds import number_in_bounds
from fakefal.scenario.schemas.patterns import text_of_pattern

MAX_VALUES = 3_000
"""The most values that are generated for one output; then it is refused."""

_MAX_TEXT = 20_000
_OPTIONAL_DEPTH = 6
"""Deeper than this, optional properties and items are left out, which ends cyclic schemas."""

_MAX_DEPTH = 60
_ATTEMPTS = 6

_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "inlet", "jade")

_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "PT1S",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "byte": "ZmFrZWZhbA==",
    "binary": "fakefal",
}

Names = tuple[str, ...]
"""The names of the fields around a value, the innermost first."""

MakeFile = Callable[[Schema, Names], Any]
"""The file (``FileRef``) that belongs in the place of a schema, or None."""


class Impossible(Exception):
    """No value was found for a schema; ``path`` is the place, ``reason`` why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.path = path
        self.reason = reason


class Generator:
    """Generates values of one description.

    ``numbers`` (0 to 255, endless) choose among valid values; ``make_file`` puts files into them.
    """

    def __init__(
        self, description: Description, numbers: Iterator[int], make_file: MakeFile | None = None
    ) -> None:
        self._description = description
        self._numbers = numbers
        self._make_file = make_file
        self._conformance = Conformance(description)
        self._values_left = MAX_VALUES

    def generate(self, schema: Json, path: str) -> Json:
        """A value with FileRef in place of files; raises SchemaError if none is found."""
        try:
            value = self._value(schema, (), path, 0)
        except Impossible as error:
            raise self._refusal(error.path, error.reason) from None
        except RecursionError:
            raise self._refusal(path, "is nested too deeply") from None
        if not self._conformance.conforms(schema, plain(value), path):
            raise self._refusal(path, "no valid value was found")
        return value

    def _refusal(self, path: str, reason: str) -> SchemaError:
        suggestion = "script an output, or add an example to the schema"
        return self._description.problem(path, f"fakefal cannot make this: {reason}", suggestion)

    def _value(self, schema: Json, names: Names, path: str, depth: int) -> Json:
        self._values_left -= 1
        if self._values_left < 0:
            raise Impossible(path, f"it takes more than {MAX_VALUES} values")
        if depth > _MAX_DEPTH:
            raise Impossible(path, "it contains itself without end")
        if not isinstance(schema, Mapping):
            if schema is False:
                raise Impossible(path, "no value is valid")
            schema = {}
        schema = normalized(self._description.resolve(schema, path))
        if uncovered := UNCOVERED & schema.keys():
            raise Impossible(path, f'fakefal does not know "{min(uncovered)}"')
        if self._make_file is not None and not is_combined(schema):
            file = self._make_file(schema, names)
            if file is not None and self._is_valid(schema, file, path):
                return file
        for example in candidates_of(schema):
            wanted = self._number_of_items(names)
            if isinstance(example, list) and example and wanted:
                example = (example * wanted)[:wanted]
            if self._is_valid(schema, example, path):
                return self._with_files(schema, example, names, path, depth)
        if "const" in schema or "enum" in schema:
            return self._one_of_values(schema, path)
        if is_combined(schema):
            return self._combined(schema, names, path, depth)
        return self._typed(schema, names, path, depth)

    def _is_valid(self, schema: Schema, value: Json, path: str) -> bool:
        return self._conformance.conforms(schema, plain(value), path)

    def _one_of_values(self, schema: Schema, path: str) -> Json:
        values = [schema["const"]] if "const" in schema else schema["enum"]
        if not isinstance(values, list):
            raise Impossible(path, "enum is not a list")
        valid = [value for value in values if self._is_valid(schema, value, path)]
        if not valid:
            raise Impossible(path, "none of its values is valid")
        non_null = [value for value in valid if value is not None] or valid
        return self._one_of(non_null)

    def _combined(self, schema: Schema, names: Names, path: str, depth: int) -> Json:
        """The first alternative for which a value is found."""
        failure = Impossible(path, "no alternative has a valid value")
        description = self._description
        for choice in alternatives(schema, lambda inner: description.resolve(inner, path)):
            for _ in range(_ATTEMPTS):
                try:
                    value = self._value(choice, names, path, depth + 1)
                except Impossible as error:
                    failure = error
                    break
                if self._is_valid(schema, value, path):
                    return value
        raise failure

    def _typed(self, schema: Schema, names: Names, path: str, depth: int) -> Json:
        kinds = kinds_of_values(schema)
        failure = Impossible(path, f"no valid {kinds[0] if kinds else 'value'} was found")
        for kind in kinds:
            for _ in range(_ATTEMPTS):
                try:
                    value = self._of_kind(kind, schema, names, path, depth)
                except Impossible as error:
                    failure = error
                    break
                if self._is_valid(schema, value, path):
                    return value
        raise failure

    def _of_kind(self, kind: str, schema: Schema, names: Names, path: str, depth: int) -> Json:
        if kind == "object":
            return self._object(schema, names, path, depth)
        if kind == "array":
            return self._array(schema, names, path, depth)
        if kind in ("integer", "number"):
            number = number_in_bounds(schema, next(self._numbers), is_integer=kind == "integer")
            if number is None:
                raise Impossible(path, "no number is within its bounds")
            return number
        if kind == "boolean":
            return self._boolean(names)
        if kind == "string":
            return self._text(schema, path)
        if kind == "null":
            return None
        raise Impossible(path, f'"{kind}" is not a type')

    def _object(self, schema: Schema, names: Names, path: str, depth: int) -> Json:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        required = schema.get("required")
        listed = required if isinstance(required, list) else []
        required = [name for name in listed if isinstance(name, str)]
        limit = _count(schema.get("maxProperties"), MAX_VALUES)
        order = property_order({**schema, "properties": properties})
        members: dict[str, Json] = {}
        optional_left = limit - len(set(required))
        for name in order:
            is_required = name in required
            is_full = depth >= _OPTIONAL_DEPTH or optional_left <= 0 or self._is_left_out(name)
            if not is_required and is_full:
                continue
            try:
                inner = self._value(properties[name], (name, *names), f"{path}.{name}", depth + 1)
            except Impossible:
                if is_required:
                    raise
                continue
            members[name] = inner
            optional_left -= not is_required
        extra = schema.get("additionalProperties", True)
        missing = [name for name in required if name not in properties]
        minimum = _count(schema.get("minProperties"), 0)
        if minimum > MAX_VALUES:
            raise Impossible(path, f"it has at least {minimum} properties")
        spare = 0
        if not properties and isinstance(extra, Mapping) and depth < _OPTIONAL_DEPTH and limit:
            spare = 1  # a mapping: one entry shows its form
        for name in missing:
            members[name] = self._value(extra, (name, *names), f"{path}.{name}", depth + 1)
        number = 0
        while len(members) < max(minimum, min(spare, limit)):
            name = _WORDS[number] if number < len(_WORDS) else f"name_{number}"
            number += 1
            if name not in properties and name not in members:
                members[name] = self._value(extra, names, f"{path}.{name}", depth + 1)
        return members

    def _array(self, schema: Schema, names: Names, path: str, depth: int) -> Json:
        prefix, items = item_schemas(schema)
        low = _count(schema.get("minItems"), 0)
        high = _count(schema.get("maxItems"), MAX_VALUES)
        if low > MAX_VALUES:
            raise Impossible(path, f"it has at least {low} items")
        wanted = len(prefix) if prefix else (0 if depth >= _OPTIONAL_DEPTH else 1)
        count = min(max(low, wanted, self._number_of_items(names)), high)
        is_unique = schema.get("uniqueItems") is True
        values: list[Json] = []
        for index in range(count):
            inner = prefix[index] if index < len(prefix) else items
            try:
                value = self._item(inner, names, f"{path}[]", depth, values if is_unique else [])
            except Impossible:
                if index < low:
                    raise
                break
            values.append(value)
        return values

    def _boolean(self, names: Names) -> bool:
        return next(self._numbers) % 2 == 0

    def _is_left_out(self, name: str) -> bool:
        """Whether an optional property is better left out."""
        return False

    def _number_of_items(self, names: Names) -> int:
        """How many items a list should have, if it may; 0 for no wish."""
        return 0

    def _item(self, schema: Json, names: Names, path: str, depth: int, others: list[Json]) -> Json:
        for _ in range(_ATTEMPTS if others else 1):
            value = self._value(schema, names, path, depth + 1)
            if not any(is_equal(plain(value), plain(other)) for other in others):
                return value
        raise Impossible(path, "its items cannot all be different")

    def _text(self, schema: Schema, path: str) -> str:
        low = _count(schema.get("minLength"), 0)
        high = _count(schema.get("maxLength"), _MAX_TEXT)
        if low > _MAX_TEXT or low > high:
            raise Impossible(path, f"its text has at least {low} characters")
        if isinstance(pattern := schema.get("pattern"), str):
            return self._text_of_pattern(pattern, low, high, path)
        text = _FORMATS.get(str(schema.get("format")), "")
        if text and low <= len(text) <= high:
            return text
        text = str(self._one_of(_WORDS))
        while len(text) < low:
            text += f" {self._one_of(_WORDS)}"
        return text[:high]

    def _text_of_pattern(self, pattern: str, low: int, high: int, path: str) -> str:
        text: str | None = ""
        for _ in range(_ATTEMPTS * 4):
            text = text_of_pattern(pattern, self._numbers)
            if text is None:
                break
            for longer in (text, text.ljust(low, "a"), text.rjust(low, "a"), text[:high]):
                fits = low <= len(longer) <= high
                if fits and self._is_valid({"pattern": pattern}, longer, path):
                    return longer
        raise Impossible(path, f"no text was found for the pattern {pattern}")

    def _with_files(self, schema: Schema, value: Json, names: Names, path: str, depth: int) -> Json:
        """An example with files in place of its URLs, where that is valid too."""
        if self._make_file is None or depth > _MAX_DEPTH or not isinstance(value, (dict, list)):
            return value
        changed: Json
        if isinstance(value, dict):
            properties = schema.get("properties")
            properties = properties if isinstance(properties, dict) else {}
            changed = {
                name: self._with_file(properties.get(name), inner, (name, *names), path, depth)
                for name, inner in value.items()
            }
        else:
            prefix, items = item_schemas(schema)
            changed = [
                self._with_file(
                    prefix[index] if index < len(prefix) else items, inner, names, path, depth
                )
                for index, inner in enumerate(value)
            ]
        return changed if self._is_valid(schema, changed, path) else value

    def _with_file(self, schema: Json, value: Json, names: Names, path: str, depth: int) -> Json:
        if not isinstance(schema, Mapping) or self._make_file is None or value is None:
            return value
        schema = self._description.resolve(schema, path)
        if is_combined(schema):
            resolve = self._description.resolve
            for choice in alternatives(schema, lambda inner: resolve(inner, path)):
                if self._is_valid(choice, value, path):
                    return self._with_file(choice, value, names, path, depth + 1)
            return value
        file = self._make_file(schema, names)
        if file is not None and self._is_valid(schema, file, path):
            return file
        return self._with_files(schema, value, names, path, depth + 1)

    def _one_of(self, choices: Any) -> Any:
        return choices[next(self._numbers) % len(choices)]


def candidates_of(schema: Schema) -> Iterator[Json]:
    """The values that a schema suggests: its examples, then its default unless that is null."""
    examples = schema.get("examples")
    if isinstance(examples, list):
        yield from examples
    if "example" in schema:
        yield schema["example"]
    if schema.get("default") is not None:
        yield schema["default"]


def plain(value: Json) -> Json:
    """A value with what a file will look like in place of FileRef."""
    if isinstance(value, FileRef):
        return value.sample()
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def _count(value: Json, default: int) -> int:
    is_count = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
    return int(value) if is_count and value < 10**9 else (10**9 if is_count else default)
