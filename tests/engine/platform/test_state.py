"""What the platform keeps is bounded, and expires on the clock."""

from __future__ import annotations

from fakefal.engine.core.clock import make_clock
from fakefal.engine.platform.state import PlatformState


def test_values_and_responses_expire() -> None:
    clock = make_clock("manual")
    state = PlatformState(clock)
    state.set_value("d", "k", "v", 60)
    state.keep_response(204, b"", "key", "DELETE")
    clock.advance(59)
    assert (state.value("d", "k"), state.repeated_response("key", "DELETE")) == ("v", (204, b""))
    clock.advance(600)
    assert (state.value("d", "k"), state.repeated_response("key", "DELETE")) == (None, None)


def test_the_oldest_of_a_thousand_is_dropped() -> None:
    state = PlatformState(make_clock("manual"))
    for number in range(1_001):
        state.add_workflow(f"w{number}", "t", {}, is_public=False)
    names = [workflow.name for workflow in state.workflows()]
    assert (len(names), names[0], state.find_workflow("w0")) == (1_000, "w1000", None)
    assert state.remove_workflow("w5")
    assert not state.remove_workflow("w5")
