"""Every explained name has a scenario and a line of Python that work."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.errors.catalog import CATALOG
from fakefal.scenario.explain import Explanation, explain, explainable_names, wire_form
from fakefal.scenario.files.loader import load_text


class CallRecorder:
    """Replaces ``fakefal`` in a line of Python; accepts any call."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def record(*_: Any, **__: Any) -> CallRecorder:
            self.called.append(name)
            return self

        return record


def explanation_of(name: str) -> Explanation:
    explanation = explain(name)
    assert explanation is not None, name
    return explanation


def test_the_scenario_of_every_name_loads() -> None:
    for name in explainable_names():
        scenario = load_text(explanation_of(name).yaml, "s.yaml").scenario
        assert scenario.exchanges or scenario.preset, name


def test_the_line_of_python_of_every_name_runs() -> None:
    for name in explainable_names():
        recorder = CallRecorder()
        eval(explanation_of(name).python, {"fakefal": recorder})
        assert recorder.called[-1] in ("preset", "fail", "faults"), name


def test_every_error_is_shown_as_it_is_sent() -> None:
    for name, spec in CATALOG.items():
        explanation = explanation_of(name)
        head, _, body = explanation.wire.partition("\n\n")
        assert head.startswith(f"HTTP/1.1 {spec.status}\n"), name
        assert ("x-fal-request-id" in head) is not name.startswith("nginx"), name
        assert body, name
        assert explanation.requests, name


def test_an_error_of_the_result_does_not_occur_at_submit() -> None:
    operations = [operation for operation, *_ in explanation_of("runner_disconnected").requests]
    assert operations == ["result", "run"]
    operations = [operation for operation, *_ in explanation_of("nginx-502").requests]
    assert operations == ["submit", "status", "result", "run"]


def test_the_requests_of_clients_are_counted() -> None:
    assert explanation_of("nginx-502").requests[1] == ("status", 10, 6)


@pytest.mark.parametrize("name", ["", "nope", "reset x2", "429"])
def test_an_unknown_name_has_no_explanation(name: str) -> None:
    assert explain(name) is None


def test_a_preset_is_shown_with_its_fields_and_long_texts_cut() -> None:
    text = explanation_of("echoed-input").yaml
    assert "preset: echoed-input" in text
    assert "characters)" in text
    assert max(map(len, text.splitlines())) < 160


def test_a_name_may_be_written_with_underscores() -> None:
    assert explanation_of("stuck_in_queue") == explanation_of("stuck-in-queue")


def test_an_html_page_is_shown_as_text() -> None:
    page = Outcome(
        502,
        b"<html>\r\n</html>\r\n",
        b"<html>\r\n</html>\r\n",
        content_type="text/html",
        has_request_id=False,
    )
    assert wire_form(page) == "HTTP/1.1 502\nContent-Type: text/html\n\n<html>\n</html>"
