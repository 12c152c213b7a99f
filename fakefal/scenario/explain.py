"""Explains the names of presets, errors and faults: wire form, YAML and Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.errors.catalog import find_error, outcome_of
from fakefal.protocol.errors.client_retries import count_requests
from fakefal.protocol.errors.errors import ErrorSpec, model_error
from fakefal.protocol.errors.fault import Operation
from fakefal.scenario.files.yaml_text import write_yaml
from fakefal.scenario.model.faults import FAULT_DESCRIPTIONS, fault_names, parse_fault
from fakefal.scenario.presets.preset import Preset
from fakefal.scenario.presets.registry import PRESETS

_ENDPOINT = "fal-ai/any-llm"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A complete scenario (``yaml``), a line of a test (``python``), and for an error its response.

    ``exchange`` is that of the scenario, None for a preset of a whole scenario. ``wire`` is empty
    for a preset or a fault. ``requests``: for each operation the requests that
    the Python and the JavaScript client make if every response is this error.
    """

    name: str
    description: str
    kind: str
    grade: str
    source: str
    yaml: str
    python: str
    wire: str = ""
    requests: tuple[tuple[Operation, int, int], ...] = ()
    exchange: dict[str, Any] | None = None


def explainable_names() -> list[str]:
    """Presets, errors of the catalogue, and words for faults; each name once."""
    return list(dict.fromkeys([*PRESETS, *fault_names()]))


def explain(name: str) -> Explanation | None:
    """None for an unknown name; dashes may be written as underscores."""
    dashed_name = name.replace("_", "-")
    if (preset := PRESETS.get(dashed_name)) is not None:
        return _preset(preset)
    if (spec := find_error(name)) is not None:
        return _error(spec)
    shorthand = parse_fault(name)
    is_bare_word = (
        shorthand is not None and " " not in name and shorthand.word in FAULT_DESCRIPTIONS
    )
    return _word(shorthand.word) if is_bare_word and shorthand is not None else None


def _preset(preset: Preset) -> Explanation:
    if preset.part == "scenario":
        scenario: dict[str, Any] = {"fakefal": 1, "preset": preset.name}
        python = f'fakefal.preset("{preset.name}")'
    else:
        scenario = _scenario({"preset": preset.name})
        python = f'fakefal.on("{_ENDPOINT}").preset("{preset.name}")'
    text = write_yaml(scenario) + "\n# the same as\n" + _commented(preset)
    return Explanation(
        preset.name,
        preset.description,
        f"preset of a {preset.part}",
        preset.grade,
        preset.source,
        text,
        python,
        exchange=scenario.get("exchanges", [None])[0],
    )


def _commented(preset: Preset) -> str:
    data = preset.data if preset.part == "scenario" else {"reply": preset.data}
    lines = write_yaml(_shorten(data)).splitlines()
    return "".join(f"# {line}\n" for line in lines)


def _shorten(value: Any) -> Any:
    """The same data with long texts cut."""
    if isinstance(value, dict):
        return {name: _shorten(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shorten(inner) for inner in value]
    if isinstance(value, str) and len(value) > 80:
        return f"{value[:60]}… ({len(value)} characters)"
    return value


def _error(spec: ErrorSpec) -> Explanation:
    name = spec.name.replace("_", "-")
    outcome = outcome_of(spec, app=_ENDPOINT, path="/x")
    if spec.kind == "model":
        outcome = model_error(spec, extra={"input": {"prompt": "hi"}})
    operations: tuple[Operation, ...] = ("submit", "status", "result", "run")
    if spec.fails_at == "result":
        operations = ("result", "run")
    retried = {"yes": "fal's queue tries again", "maybe": "another try may help"}.get(
        spec.queue_retry, "fal's queue does not try again"
    )
    made = [(operation, *count_requests(outcome, operation)) for operation in operations]
    return Explanation(
        name,
        f"{outcome.status}: {spec.message}",
        f"{spec.kind} error, {retried}",
        spec.grade,
        spec.source,
        write_yaml(_scenario({"fail": name})),
        f'fakefal.on("{_ENDPOINT}").fail("{name}")',
        wire_form(outcome),
        tuple(made),
        _scenario({"fail": name})["exchanges"][0],
    )


def wire_form(outcome: Outcome) -> str:
    """The HTTP response, without the headers that every response has."""
    lines = [f"HTTP/1.1 {outcome.status}", f"Content-Type: {outcome.content_type}"]
    if outcome.has_request_id:
        lines.append("x-fal-request-id: 019e…")
    lines += [f"{name}: {value}" for name, value in outcome.headers]
    body = outcome.payload.decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n")
    return "\n".join([*lines, "", body])


def _word(word: str) -> Explanation:
    operation = "result" if word == "too-early" else "submit"
    scenario = _scenario({"text": "Ship it.", "faults": {operation: [word, "ok"]}})
    return Explanation(
        word,
        FAULT_DESCRIPTIONS[word],
        "fault of one request",
        "inferred",
        "docs/reference/situations.md#network",
        write_yaml(scenario),
        f'fakefal.on("{_ENDPOINT}").text("Ship it.").faults({operation}=["{word}", "ok"])',
        exchange=scenario["exchanges"][0],
    )


def _scenario(reply: dict[str, Any]) -> dict[str, Any]:
    return {"fakefal": 1, "exchanges": [{"when": {"endpoint": _ENDPOINT}, "reply": reply}]}
