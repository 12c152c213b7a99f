"""Scenario text as data in which every value knows its line and column."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from fakefal.errors import Mistake, ScenarioError

Path = tuple[str | int, ...]

MAX_NODES = 200_000
"""Values a file may hold, aliases counted each time they are used."""

MAX_DEPTH = 60
"""How deep values may nest; deeper ones would overflow the parser's stack."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NULL = re.compile(r"^(?:~|null|Null|NULL|)$")
_TRUE = re.compile(r"^(?:true|True|TRUE)$")
_FALSE = re.compile(r"^(?:false|False|FALSE)$")
_INT = re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$")
_OCTAL = re.compile(r"^0o[0-7]+$")
_HEX = re.compile(r"^0x[0-9a-fA-F]+$")
_FLOAT = re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")
_NOT_JSON = re.compile(r"^[-+]?\.(?:inf|Inf|INF|nan|NaN|NAN)$")


@dataclass(slots=True)
class Source:
    """A parsed file: ``data`` as plain JSON values, and where each stands."""

    file: str
    data: Any = None
    values: dict[Path, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def place(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Line and column of a value (or of its key), or of the nearest value around it."""
        table = self.keys if key and path in self.keys else self.values
        while path and path not in table:
            path, table = path[:-1], self.values
        return table.get(path, (1, 1))

    def mistake(self, path: Path, what: str, right: str = "", *, key: bool = False) -> Mistake:
        """A mistake at a path of this file."""
        line, column = self.place(path, key=key)
        return Mistake(self.file, line, column, format_path(path), what, right)


def format_path(path: Path) -> str:
    """``exchanges[2].reply.text`` from its parts."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def parse_source(text: str, file: str, *, is_json: bool | None = None) -> Source:
    """Parse YAML 1.2 (the core schema: ``yes`` is a string) or JSON.

    Raises ScenarioError for what is not well-formed: syntax, duplicate keys, values that JSON does
    not have, too many aliases, too deep a nesting.
    """
    if is_json is None:
        is_json = file.endswith(".json")
    source = Source(file)
    if is_json:
        _check_json(text, file)
        text = text.replace("\t", " ")
    _refuse_depth(text, file)
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise ScenarioError((_syntax(error, file),)) from None
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        what = f"not readable as YAML: {reason}"
        raise ScenarioError((Mistake(file, 1, 1, "", what, "save it as UTF-8 text"),)) from None
    if node is None:
        what, right = "the file is empty", 'a scenario begins with "fakefal: 1"'
        raise ScenarioError((Mistake(file, 1, 1, "", what, right),))
    builder = _Builder(source)
    source.data = builder.build(node, (), 0)
    if builder.mistakes:
        raise ScenarioError(tuple(builder.mistakes))
    if is_json:
        source.data = json.loads(text)
    return source


def _check_json(text: str, file: str) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        what = f"not valid JSON: {error.msg[0].lower()}{error.msg[1:]}"
        raise ScenarioError((Mistake(file, error.lineno, error.colno, "", what, ""),)) from None
    except RecursionError:
        raise ScenarioError((_too_deep(file, 1, 1),)) from None


def _too_deep(file: str, line: int, column: int) -> Mistake:
    what = f"nested deeper than {MAX_DEPTH} levels"
    return Mistake(file, line, column, "", what, "flatten the value, or put it in a string")


def _refuse_depth(text: str, file: str) -> None:
    """Refuse before parsing what would overflow the stack of the composer."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    mark: Any = event.start_mark
                    raise ScenarioError((_too_deep(file, mark.line + 1, mark.column + 1),))
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except (yaml.YAMLError, ValueError):
        return


def _syntax(error: yaml.MarkedYAMLError, file: str) -> Mistake:
    mark: Any = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = error.problem or "not valid YAML"
    context = f" {error.context}" if error.context else ""
    right = "indent with spaces" if "\\t" in problem else ""
    return Mistake(file, line, column, "", f"not valid YAML: {problem}{context}", right)


class _Builder:
    """Turns nodes into values; every problem is kept, so that all are told at once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.mistakes: list[Mistake] = []
        self._count = 0
        self._open: set[int] = set()

    def build(self, node: yaml.Node, path: Path, depth: int) -> Any:
        self._count += 1
        mark = node.start_mark
        self.source.values.setdefault(path, (mark.line + 1, mark.column + 1))
        if self._count > MAX_NODES:
            if self._count == MAX_NODES + 1:
                what = f"more than {MAX_NODES} values, aliases counted"
                self._add(node, path, what, "write fewer aliases, or split the file")
            return None
        if depth > MAX_DEPTH:
            self._add(node, path, f"nested deeper than {MAX_DEPTH} levels", "flatten the value")
            return None
        if id(node) in self._open:
            self._add(node, path, "an alias that holds itself", "JSON has no such value")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [
                    self.build(item, (*path, index), depth + 1)
                    for index, item in enumerate(node.value)
                ]
            assert isinstance(node, yaml.MappingNode)
            return self._mapping(node, path, depth)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged.update(self._merge(value_node, path, depth))
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self._add(key_node, path, "a key that is not a word", "JSON has only string keys")
                continue
            key = str(key_node.value)
            inner = (*path, key)
            if key in found:
                first = self.source.keys[inner][0]
                what = f'"{key}" stands here twice (first in line {first})'
                self._add(key_node, inner, what, "keep one of them")
                continue
            self.source.keys[inner] = (
                key_node.start_mark.line + 1,
                key_node.start_mark.column + 1,
            )
            found[key] = self.build(value_node, inner, depth + 1)
        return {**merged, **found}

    def _merge(self, node: yaml.Node, path: Path, depth: int) -> dict[str, Any]:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for inner in reversed(nodes):
            if not isinstance(inner, yaml.MappingNode):
                self._add(inner, path, "<< merges something that is not a mapping", "")
                continue
            built = self.build(inner, path, depth + 1)
            merged.update(built if isinstance(built, dict) else {})
        return merged

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        text: str = node.value
        if node.tag.startswith("!"):
            self._add(node, path, f"the tag {node.tag} is not known", "remove it")
            return None
        if node.style in ("'", '"', "|", ">"):
            return text
        if _NULL.match(text):
            return None
        if _TRUE.match(text):
            return True
        if _FALSE.match(text):
            return False
        if _INT.match(text):
            return self._integer(node, path, text, 10)
        if _HEX.match(text):
            return self._integer(node, path, text, 16)
        if _OCTAL.match(text):
            return self._integer(node, path, text, 8)
        if _FLOAT.match(text):
            number = float(text)
            if math.isfinite(number):
                return number
        if _NOT_JSON.match(text) or _FLOAT.match(text):
            self._add(node, path, f"{text} is not a JSON number", "quote it if it is meant as text")
            return None
        return text

    def _integer(self, node: yaml.Node, path: Path, text: str, base: int) -> int | None:
        try:
            return int(text, base)
        except ValueError:
            self._add(node, path, f"{text[:20]}… is too long a number", "quote it")
            return None

    def _add(self, node: yaml.Node, path: Path, what: str, right: str) -> None:
        mark = node.start_mark
        self.mistakes.append(
            Mistake(
                self.source.file, mark.line + 1, mark.column + 1, format_path(path), what, right
            )
        )
