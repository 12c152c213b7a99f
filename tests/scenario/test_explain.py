"""Every name is explained with what can be used as it stands."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.errors.catalog import CATALOG
from fakefal.scenario.explain import Explanation, explain, explainable_names, wire_form
from fakefal.scenario.files.loader import load_text


class Recorder:
    """Stands for ``fakefal`` in a line of Python; takes any call."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def take(*_: Any, **__: Any) -> Recorder:
            self.called.append(name)
            return self

        return take


def explained(name: str) -> Explanation:
    found = explain(name)
    assert found is not None, name
    return found


@pytest.mark.parametrize("name", explainable_names())
def test_the_scenario_of_every_name_loads(name: str) -> None:
    scenario = load_text(explained(name).yaml, "s.yaml").scenario
    assert scenario.exchanges or scenario.preset


@pytest.mark.parametrize("name", explainable_names())
def test_the_line_of_python_of_every_name_runs(name: str) -> None:
    recorder = Recorder()
    eval(explained(name).python, {"fakefal": recorder})
    assert recorder.called[-1] in ("preset", "fail", "faults")


@pytest.mark.parametrize("name", CATALOG)
def test_an_error_is_shown_as_it_is_sent(name: str) -> None:
    found = explained(name)
    head, _, body = found.wire.partition("\n\n")
    assert head.startswith(f"HTTP/1.1 {CATALOG[name].status}\n")
    assert ("x-fal-request-id" in head) is not name.startswith("nginx")
    assert body
    assert found.requests


def test_an_error_of_the_result_is_not_met_at_submit() -> None:
    assert [it[0] for it in explained("runner_disconnected").requests] == ["result", "run"]
    assert [it[0] for it in explained("nginx-502").requests] == [
        "submit",
        "status",
        "result",
        "run",
    ]


def test_how_often_clients_ask_is_told() -> None:
    assert explained("nginx-502").requests[1] == ("status", 10, 6)


@pytest.mark.parametrize("name", ["", "nope", "reset x2", "429"])
def test_what_has_no_name_is_not_explained(name: str) -> None:
    assert explain(name) is None


def test_a_preset_is_shown_with_what_it_stands_for_cut_to_be_read() -> None:
    text = explained("echoed-input").yaml
    assert "preset: echoed-input" in text
    assert "characters)" in text
    assert max(map(len, text.splitlines())) < 160


def test_either_line_may_join_the_words() -> None:
    assert explained("stuck_in_queue") == explained("stuck-in-queue")


def test_a_page_is_shown_as_text() -> None:
    page = Outcome(
        502,
        b"<html>\r\n</html>\r\n",
        b"<html>\r\n</html>\r\n",
        content_type="text/html",
        has_request_id=False,
    )
    assert wire_form(page) == "HTTP/1.1 502\nContent-Type: text/html\n\n<html>\n</html>"
