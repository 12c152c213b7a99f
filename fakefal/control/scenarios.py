"""Scenarios sent to a running server, for one key or for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakefal.control.requests import ControlRequest, control_error
from fakefal.engine.scenario_controls import ScenarioControls
from fakefal.errors import ScenarioError
from fakefal.protocol.errors.errors import ApiError

if TYPE_CHECKING:
    from fakefal.scenario.compiled.scenario import LoadedScenario


def show_scenarios(request: ControlRequest) -> dict[str, Any]:
    """The exchanges in the order of matching, and the settings."""
    return _controls(request).describe()


def replace_scenarios(request: ControlRequest) -> dict[str, Any]:
    """Replace the scenarios sent before."""
    loaded, controls = _load_body(request), _controls(request)
    controls.replace(loaded)
    return _load_result(loaded, controls)


def append_scenarios(request: ControlRequest) -> dict[str, Any]:
    """Add a scenario after those sent before."""
    loaded, controls = _load_body(request), _controls(request)
    controls.append(loaded)
    return _load_result(loaded, controls)


def clear_scenarios(request: ControlRequest) -> dict[str, Any]:
    """Remove the scenarios that were sent; those loaded at the start stay."""
    _controls(request).clear()
    return {"cleared": True}


def _controls(request: ControlRequest) -> ScenarioControls:
    return ScenarioControls(request.engine, None if request.is_for_all else request.tenant)


def preload(request: ControlRequest) -> None:
    """Parse a large scenario before ``replace_scenarios`` or ``append_scenarios`` is called.

    It reads no state of the engine, so it may run in another thread. Errors are kept until then.
    """
    try:
        request.preloaded = _parse_body(request)
    except (ScenarioError, ApiError) as error:
        request.preloaded = error


def _load_body(request: ControlRequest) -> LoadedScenario:
    """The scenario in the body, checked like a file; raises ScenarioError."""
    preloaded = request.preloaded
    if preloaded is None:
        return _parse_body(request)
    if isinstance(preloaded, Exception):
        raise preloaded
    return preloaded


def _parse_body(request: ControlRequest) -> LoadedScenario:
    limit = request.engine.settings.limits.scenario_bytes
    if len(request.body) > limit:
        raise control_error(
            413, f"the scenario is over {limit} bytes — put media into files, or split it"
        )
    from fakefal.control.schemas import ScenarioParameters
    from fakefal.scenario.files.loader import load_text

    file = request.parse_query(ScenarioParameters).file
    try:
        text = request.body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise control_error(400, f"the body is not UTF-8 text (byte {error.start})") from None
    if not text.strip():
        raise control_error(400, f"the body is empty — send a scenario:\n{request.example}")
    return load_text(text, file, is_json=_is_json(request, text), is_standalone=True)


def _is_json(request: ControlRequest, text: str) -> bool:
    """Whether the body is JSON: by Content-Type, or else by its first character."""
    content_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type.endswith(("/json", "+json")):
        return True
    return "yaml" not in content_type and text.lstrip().startswith(("{", "["))


def _load_result(loaded: LoadedScenario, controls: ScenarioControls) -> dict[str, Any]:
    return {
        "file": loaded.file,
        "name": loaded.scenario.name,
        "exchanges": len(loaded.exchanges),
        "total": controls.count(),
    }
