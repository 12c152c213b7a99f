"""Escapes recorded JSON for a reply, so that nothing in it is taken for a template or a file."""

from __future__ import annotations

import json
from collections.abc import Mapping

from fakefal.protocol.core.call import Json
from fakefal.scenario.media.assets import is_reference
from fakefal.scenario.templates.templates import has_template


def literal(value: Json, files: Mapping[str, str] | None = None) -> Json:
    """JSON that a reply renders to exactly this value.

    ``files`` maps URLs to names of files beside the scenario; such a URL becomes a file reference.
    """
    files = files or {}
    if isinstance(value, str):
        bare_url = value.partition("?")[0]
        if bare_url in files:
            return {"file": files[bare_url], "as": "url"}
        return expression(value) if has_template(value) else value
    if isinstance(value, list):
        return [literal(inner, files) for inner in value]
    if isinstance(value, dict):
        fields = {name: literal(inner, files) for name, inner in value.items()}
        return expression(value) if is_reference(value) or is_reference(fields) else fields
    return value


def expression(value: Json) -> str:
    """A template of one Jinja expression that evaluates to the value."""
    return f"{{{{ {_source(value)} }}}}"


def _source(value: Json) -> str:
    if isinstance(value, dict):
        pairs = (f"{_source(name)}: {_source(inner)}" for name, inner in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_source, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if value is None:
        return "none"
    return json.dumps(value)
