"""Reads and writes scenarios in YAML 1.2, with the position of every value.

PyYAML reads YAML 1.1, in which ``no`` is false and ``12:30`` a number; the loader here has the core
schema of YAML 1.2 (yaml.org/spec/1.2.2, chapter 10.3). It builds plain values from the node tree
itself, as PyYAML's constructors drop positions and allow tags and cyclic aliases.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml
from yaml.reader import Reader

from fakefal.scenario.files.source import EMPTY, MAX_DEPTH, MAX_NODES, Path, Position, Source
from fakefal.scenario.files.yaml_errors import format_syntax_error, is_too_deep

_TAG = "tag:yaml.org,2002:"

_CORE_SCHEMA = (
    ("null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    ("bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    ("int", re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"), list("-+0123456789")),
    (
        "float",
        re.compile(
            r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"
            r"|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"
        ),
        list("-+.0123456789"),
    ),
    ("merge", re.compile(r"^<<$"), ["<"]),
)
"""The core schema, in which ``yes`` is a string, and ``<<`` (yaml.org/type/merge.html)."""

_ODD_BREAKS = re.compile(r"[\r\x85\u2028\u2029\ufeff]")


def _make_loader() -> Any:
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader: Any = type("CoreLoader", (base,), {"yaml_implicit_resolvers": {}})
    for name, expression, first in _CORE_SCHEMA:
        loader.add_implicit_resolver(f"{_TAG}{name}", expression, first)
    return loader


_LOADER = _make_loader()


def read_yaml(text: str, file: str) -> Source:
    """Parse YAML; raises ScenarioError for invalid syntax and for too many or too deep values.

    Duplicate keys, tags, cyclic aliases and values that JSON does not have become ``problems``.
    """
    source = Source(file)
    _check_characters(text, source)
    _check_depth(text, source)
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise source.to_error(*format_syntax_error(error, text)) from None
    if node is None:
        raise source.to_error((1, 1), *EMPTY)
    source.data = _Builder(source).build(node, (), 0)
    return source


def write_yaml(data: Any) -> str:
    """JSON data as YAML; ``read_yaml`` returns the same data."""
    return yaml.dump(data, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=100)


def write_blocks(data: Any) -> str:
    """YAML for files that are compared with diff: multi-line texts as blocks, small lists and
    mappings on one line, long lines not wrapped."""
    return yaml.dump(
        data, Dumper=_BLOCK_DUMPER, sort_keys=False, allow_unicode=True, width=_UNLIMITED_WIDTH
    )


_UNLIMITED_WIDTH = 1_000_000
_FLOW_CHARACTERS = 60
"""Shorter lists and mappings are written on one line."""


def _write_block_text(dumper: Any, text: str) -> Any:
    is_block = "\n" in text and not _UNFIT_FOR_BLOCKS.search(text)
    if is_block and not text.isspace() and text[0] not in " \n\t":
        return dumper.represent_scalar(f"{_TAG}str", text, style="|")
    if "\n" in text:
        return dumper.represent_scalar(f"{_TAG}str", text, style='"')
    return _write_text(dumper, text)


_UNFIT_FOR_BLOCKS = re.compile(
    r"[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
    r"|[ ]\n|[ ]\Z"
)
"""What a block scalar cannot represent: control characters, other line breaks than \\n, and spaces
at the end of a line."""


def _write_small(dumper: Any, kind: str, value: Any) -> Any:
    shown = repr(value)
    small = len(shown) <= _FLOW_CHARACTERS and "\\n" not in shown
    represent = dumper.represent_mapping if kind == "map" else dumper.represent_sequence
    content = value.items() if kind == "map" else value
    return represent(f"{_TAG}{kind}", content, flow_style=small)


def _write_text(dumper: Any, text: str) -> Any:
    """Quotes texts that YAML 1.2 reads as something else and YAML 1.1 as text, such as ``1e3``.

    Also texts with rare line breaks, which would be written unescaped and lost in reading.
    """
    is_other = any(expression.match(text) for _, expression, _ in _CORE_SCHEMA)
    is_quoted = is_other or _ODD_BREAKS.search(text) is not None
    return dumper.represent_scalar(f"{_TAG}str", text, style='"' if is_quoted else None)


def _make_dumper() -> Any:
    dumper: Any = type("CoreDumper", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
    dumper.add_representer(str, _write_text)
    return dumper


def _make_block_dumper() -> Any:
    def indent(dumper: Any, flow: bool = False, indentless: bool = False) -> None:
        super(dumper_type, dumper).increase_indent(flow, False)  # indents lists below their key

    dumper: Any = type("BlockDumper", (_DUMPER,), {"increase_indent": indent})
    dumper_type = dumper
    dumper.add_representer(str, _write_block_text)
    dumper.add_representer(dict, lambda dumper, value: _write_small(dumper, "map", value))
    dumper.add_representer(list, lambda dumper, value: _write_small(dumper, "seq", value))
    return dumper


_DUMPER = _make_dumper()
_BLOCK_DUMPER = _make_block_dumper()


def _check_characters(text: str, source: Source) -> None:
    match = Reader.NON_PRINTABLE.search(text)
    if match is None:
        return
    at = match.start()
    line_start = text.rfind("\n", 0, at) + 1
    position = (text.count("\n", 0, at) + 1, at - line_start + 1)
    message = f"the character U+{ord(match[0]):04X} is not allowed in YAML"
    raise source.to_error(position, message, "remove it")


def _check_depth(text: str, source: Source) -> None:
    """Raise ScenarioError for nesting that would overflow the stack of the recursive composer."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise source.too_deep(_position(event))
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError as error:
        if is_too_deep(error, text):
            raise source.too_deep(format_syntax_error(error, text)[0]) from None
        # Other errors are reported when the text is composed.


def _position(node: Any) -> Position:
    return node.start_mark.line + 1, node.start_mark.column + 1


class _Builder:
    """Builds plain values from nodes; problems are collected, so that all are reported."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._count = 0
        self._open: set[int] = set()

    def build(self, node: yaml.Node, path: Path, depth: int) -> Any:
        """The value of a node; raises ScenarioError for too many or too deep values."""
        self._count += 1
        self._source.value_positions.setdefault(path, _position(node))
        if self._count > MAX_NODES:
            raise self._source.too_many(_position(node))
        if depth > MAX_DEPTH:
            raise self._source.too_deep(_position(node))
        if id(node) in self._open:
            self._add_problem(node, path, "an alias of a value that contains the alias")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._open.add(id(node))
        try:
            return self._collection(node, path, depth)
        finally:
            self._open.discard(id(node))

    def _collection(self, node: yaml.Node, path: Path, depth: int) -> Any:
        if isinstance(node, yaml.SequenceNode):
            self._check_tag(node, path, "seq")
            return [
                self.build(item, (*path, index), depth + 1) for index, item in enumerate(node.value)
            ]
        assert isinstance(node, yaml.MappingNode)
        self._check_tag(node, path, "map")
        return self._mapping(node, path, depth)

    def _mapping(self, node: yaml.MappingNode, path: Path, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        merges: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == f"{_TAG}merge":
                merges.append(value_node)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                noun = "list" if isinstance(key_node, yaml.SequenceNode) else "mapping"
                message = f"expected a key, got a {noun}"
                suggestion = 'write a word; put templates in quotes: "{{ input.prompt }}"'
                self._add_problem(key_node, path, message, suggestion)
                continue
            key = str(key_node.value)
            inner = (*path, key)
            if key in mapping:
                first = self._source.key_positions[inner][0]
                message = f'duplicate key "{key}" (first in line {first})'
                self._add_problem(key_node, inner, message, "keep one of them")
                continue
            self._source.key_positions.setdefault(inner, _position(key_node))
            mapping[key] = self.build(value_node, inner, depth + 1)
        for merge in merges:
            for name, value in self._merge(merge, path, depth).items():
                mapping.setdefault(name, value)
        return mapping

    def _merge(self, node: yaml.Node, path: Path, depth: int) -> dict[str, Any]:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for inner in nodes:
            if not isinstance(inner, yaml.MappingNode):
                self._add_problem(inner, path, "<< requires a mapping", "remove it")
                continue
            built = self.build(inner, path, depth + 1) or {}
            for name, value in built.items():
                merged.setdefault(name, value)
        return merged

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        text: str = node.value
        name = node.tag.removeprefix(_TAG)
        if name == "null" and text.lower() in ("", "~", "null"):
            return None
        if name == "bool" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if name in ("int", "float"):
            return self._number(node, path, text, name)
        if name not in ("str", "merge"):
            self._check_tag(node, path, "")
        return text

    def _number(self, node: yaml.Node, path: Path, text: str, name: str) -> float | None:
        try:
            if name == "int":
                digits = text.lstrip("+-")
                return int(text, {"0o": 8, "0x": 16}.get(digits[:2].lower(), 10))
            number = float(text.replace(".inf", "inf").replace(".nan", "nan"))
            if math.isfinite(number):
                return number
            self._add_problem(node, path, f"{text} is not a JSON number", "quote it if it is text")
        except ValueError:
            shown = text if len(text) <= 20 else f"{text[:20]}…"
            self._add_problem(
                node, path, f"{shown} is not a valid number", "quote it if it is text"
            )
        return None

    def _check_tag(self, node: yaml.Node, path: Path, name: str) -> None:
        if node.tag != f"{_TAG}{name}":
            shown = node.tag
            if shown.startswith(_TAG):
                shown = f"!!{shown.removeprefix(_TAG)}"
            self._add_problem(node, path, f"the tag {shown} is not supported", "remove it")

    def _add_problem(self, node: yaml.Node, path: Path, message: str, suggestion: str = "") -> None:
        suggestion = suggestion or "write the value out"
        self._source.problems.append(
            self._source.problem_at(_position(node), path, message, suggestion)
        )
