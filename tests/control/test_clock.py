from __future__ import annotations

import json
from typing import Any

import pytest

from fakefal.engine.core.clock import START
from tests.building import make_call, make_engine, tenant_of
from tests.control.calls import call_json, expect_error


def test_the_clock_of_a_key_can_be_read_and_advanced() -> None:
    engine = make_engine()
    assert call_json(engine, "GET", "/clock")["now"] == START
    assert call_json(engine, "POST", "/clock/advance", {"by": "90s"})["now"] == START + 90
    assert call_json(engine, "POST", "/clock/advance/", 1.5)["now"] == START + 91.5
    assert tenant_of(engine).clock.now() == START + 91.5
    assert call_json(engine, "GET", "/clock", key="Key other")["now"] == START


def test_the_clock_advances_to_an_instant_but_not_back() -> None:
    engine = make_engine()
    to = {"to": "2026-01-01T02:00:00+01:00"}
    assert call_json(engine, "POST", "/clock/advance", to)["now"] == START + 3600
    assert call_json(engine, "POST", "/clock/advance", to)["now"] == START + 3600
    error = expect_error(engine, "POST", "/clock/advance", {"to": "2026-01-01T00:30:00Z"})
    assert (error.status, "only goes forward" in error.body["detail"]) == (400, True)


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"by": None}, {"by": True}, {"by": []}, [], {"by": "soon"}, None, {"bye": "1s"}),
        *({"by": "1s", "to": "2027-01-01T00:00:00Z"}, {"to": "2027-01-01"}, {"to": 5}, {"by": -1}),
    ],
)
def test_an_invalid_advance_is_a_400_with_an_example(body: Any) -> None:
    error = expect_error(make_engine(), "POST", "/clock/advance", json.dumps(body).encode())
    assert error.status == 400
    assert "90s" in error.body["detail"]


def test_a_reset_affects_only_its_key() -> None:
    engine = make_engine()
    for key in ("id:secret", "other"):
        tenant_of(engine, key).submit(make_call())
    assert call_json(engine, "POST", "/reset") == {"reset": True}
    assert call_json(engine, "GET", "/journal") == []
    assert len(call_json(engine, "GET", "/journal", key="Key other")) == 1


def test_a_reset_of_all_resets_every_key() -> None:
    engine = make_engine()
    for key in ("id:secret", "other"):
        tenant_of(engine, key).submit(make_call())
    assert call_json(engine, "POST", "/reset?tenant=all", {"clock": "instant"}, key=None)
    for key in ("Key id:secret", "Key other"):
        assert call_json(engine, "GET", "/journal", key=key) == []
        assert call_json(engine, "GET", "/clock", key=key)["kind"] == "instant"


def test_a_reset_can_change_the_clock() -> None:
    engine = make_engine(clock="real")
    assert call_json(engine, "GET", "/clock")["kind"] == "real"
    call_json(engine, "POST", "/reset", {"clock": "manual"})
    assert call_json(engine, "GET", "/clock") == {
        "kind": "manual",
        "now": START,
        "iso": "2026-01-01T00:00:00.000000Z",
    }
    call_json(engine, "POST", "/reset")
    assert call_json(engine, "GET", "/clock")["kind"] == "manual"
    assert expect_error(engine, "POST", "/reset", {"clock": "sundial"}).status == 400


def test_a_reset_of_the_default_tenant_affects_all_keys() -> None:
    engine = make_engine()
    engine.default_tenant = engine.reset_tenant("home")
    tenant_of(engine, "any").submit(make_call())
    call_json(engine, "POST", "/reset", key="Key any")
    assert call_json(engine, "GET", "/journal", key="Key another") == []
