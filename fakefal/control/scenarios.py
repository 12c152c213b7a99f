"""Scenarios sent to a running server, for one key or for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakefal.control.requests import ControlRequest, control_error
from fakefal.engine.scenario_controls import ScenarioControls
from fakefal.errors import FakefalError, ScenarioError, SettingError
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


def put_exchange(request: ControlRequest) -> dict[str, Any]:
    """Set one exchange of a key and keep the use counts of the others, as ``on(…)`` in Python."""
    from fakefal.control.schemas import ExchangeParameters
    from fakefal.scenario.builder import build_exchange, to_user_error
    from fakefal.scenario.compiler.exchange import compile_exchange
    from fakefal.scenario.matching.matchers import PatternError
    from fakefal.scenario.templates.templates import TemplateError

    controls = request.controls
    index_text = request.path_parameters["index"]
    if not (index_text.isascii() and index_text.isdigit()):
        raise control_error(400, f'invalid index "{index_text}" — a number from 0')
    data = request.read_json()
    if not isinstance(data, dict):
        raise control_error(400, f"the body is not an exchange — send {request.example}")
    exchanges = controls.tenant.own_index.exchanges
    index = min(int(index_text), len(exchanges))
    location = request.parse_query(ExchangeParameters).location
    try:
        controls.put_compiled(index, compile_exchange(build_exchange(data), index, location))
    except (PatternError, TemplateError) as error:
        raise control_error(422, str(to_user_error(error))) from None
    except SettingError:
        raise
    except FakefalError as error:
        raise control_error(422, str(error)) from None
    return {"index": index, "total": len(controls.tenant.own_index.exchanges)}


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
        "routes": len(loaded.routes),
        "total": controls.count(),
    }
