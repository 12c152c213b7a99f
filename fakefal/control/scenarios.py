"""Scenarios that are sent to a running server, for one key or for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakefal.control.requests import Asked, refused
from fakefal.engine.scenario_controls import ScenarioControls

if TYPE_CHECKING:
    from fakefal.scenario.files.loader import Loaded


def told(asked: Asked) -> dict[str, Any]:
    """What is served, in the order in which it is asked."""
    return _controls(asked).told()


def replace(asked: Asked) -> dict[str, Any]:
    """Serve what is sent instead of what was sent before."""
    loaded, controls = _sent(asked), _controls(asked)
    controls.replace(loaded)
    return _taken(loaded, controls)


def append(asked: Asked) -> dict[str, Any]:
    """Serve what is sent as well, after what was sent before."""
    loaded, controls = _sent(asked), _controls(asked)
    controls.append(loaded)
    return _taken(loaded, controls)


def clear(asked: Asked) -> dict[str, Any]:
    """Forget what was sent."""
    _controls(asked).clear()
    return {"cleared": True}


def _controls(asked: Asked) -> ScenarioControls:
    return ScenarioControls(asked.engine, None if asked.is_for_all else asked.tenant)


def _sent(asked: Asked) -> Loaded:
    """The scenario of a body, read and checked as a file is; raises ScenarioError."""
    from fakefal.control.schemas import SentParameters
    from fakefal.scenario.files.loader import load_text

    file = asked.parameters(SentParameters).file
    try:
        text = asked.body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refused(400, f"the body is not UTF-8 text (byte {error.start})") from None
    if not text.strip():
        raise refused(400, f"the body is empty — send a scenario:\n{asked.example}")
    return load_text(text, file, is_json=_is_json(asked, text), is_alone=True)


def _is_json(asked: Asked, text: str) -> bool:
    """By its type; where a program named none of either, by how it begins."""
    kind = asked.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")):
        return True
    return "yaml" not in kind and text.lstrip().startswith(("{", "["))


def _taken(loaded: Loaded, controls: ScenarioControls) -> dict[str, Any]:
    return {
        "file": loaded.file,
        "name": loaded.scenario.name,
        "exchanges": len(loaded.entries),
        "in_all": controls.count(),
    }
