"""Appends an exchange to a scenario file, whose comments and order stay."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

from fakefal.errors import FakefalError, ScenarioError
from fakefal.scenario.files.loader import load_text
from fakefal.scenario.files.yaml_text import write_yaml


def append_exchange(path: Path, exchange: dict[str, Any], comment: str) -> None:
    """Append to a YAML scenario, or create one; raises FakefalError and changes nothing.

    The exchange becomes the last, so that it answers what no other one does.
    """
    if path.suffix not in (".yaml", ".yml"):
        raise FakefalError(f"{path}: only YAML scenarios can be appended to — name a .yaml file")
    item = write_yaml({"exchanges": [exchange]}).partition("\n")[2]
    item = textwrap.dedent(item)
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else "fakefal: 1\nexchanges:\n"
        head, indent = _open_list(text, path)
        entry = textwrap.indent(f"# {comment}\n{item.rstrip()}\n", indent)
        content = head + entry
        load_text(content, str(path), is_json=False)
        path.write_text(content, encoding="utf-8")
    except ScenarioError as error:
        raise FakefalError(f"nothing was appended, as the result is not valid:\n{error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise FakefalError(f"{path}: cannot be read or written: {error}") from None


def _open_list(text: str, path: Path) -> tuple[str, str]:
    """The text up to where an item can be added, and the indentation of the items."""
    text = text if text.endswith("\n") else f"{text}\n"
    keys = re.findall(r"^([A-Za-z_$][\w$-]*):(.*)$", text, re.MULTILINE)
    if "exchanges" not in [key for key, _ in keys]:
        return f"{text}exchanges:\n", "  "
    last_key, rest = keys[-1]
    if last_key != "exchanges" or rest.partition("#")[0].strip():
        raise FakefalError(
            f"{path}: exchanges is not the last key, or is written in brackets — move it to the "
            "end, one exchange in a line of its own, or leave out --save and paste the lines"
        )
    items = text[text.rindex("\nexchanges:") + 1 :] if "\nexchanges:" in text else text
    match = re.search(r"^( *)- ", items.partition("\n")[2], re.MULTILINE)
    return text, match[1] if match else "  "
