"""Costs and tags."""

from __future__ import annotations

from fakefal.protocol.platform_api.billing import PRESETS, cost_fields, nano_dollars, read_tags


def test_costs() -> None:
    assert cost_fields(3, 0.1)["cost_total"] == 0.3
    assert nano_dollars(0.0000015) == 1500


def test_tags_that_fal_drops() -> None:
    assert read_tags(None) == {}
    assert read_tags("a=1, b.c_d-e=x y,A=2,=3,d,fal.x=4,e=") == {"a": "1", "b.c_d-e": "x y"}
    assert len(read_tags(",".join(f"k{number}=1" for number in range(20)))) == 10
    assert read_tags(f"a={'x' * 1025}") == {}


def test_the_administrator_may_do_everything() -> None:
    assert all(PRESETS["ADMIN"] >= permissions for permissions in PRESETS.values())
