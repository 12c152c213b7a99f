"""What a key starts with."""

from fakefal.engine.core.initial_state import InitialState
from fakefal.scenario.compiled.index import ExchangeIndex
from tests.building import make_tenant


def test_a_key_may_start_without_routes() -> None:
    settings = make_tenant().settings
    state = InitialState(settings, ExchangeIndex(()))
    assert (state.settings, len(state.base_index.exchanges), state.base_routes) == (settings, 0, ())
