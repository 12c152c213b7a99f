"""The platform API with falaw, which reads prices of many endpoints at once."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.blackbox.driving import DRIVERS, environment, once_json, run_driver
from tests.blackbox.installing import package_folder
from tests.building import exchange, scenario

pytestmark = pytest.mark.blackbox

ENDPOINTS = [f"acme/model-{number}" for number in range(60)]
SCENARIO = {
    **scenario(*(exchange({"output": {}}, when={"endpoint": it}) for it in ENDPOINTS)),
    "apps": {"acme/model-7": {"price": {"unit_price": 0.5, "unit": "seconds"}}},
}


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Any:
    def make() -> Any:
        env = environment("any:key", PYTHONPATH=package_folder("falaw", "0.0.79"))
        driver = str(DRIVERS / "falaw_prices.py")
        with ThreadedServer(FakeFalServer(SCENARIO)) as fake:
            return run_driver([sys.executable, driver, fake.url, "any:key"], env)

    return once_json(tmp_path_factory, "falaw", make)


def test_the_prices_of_sixty_endpoints_are_read(prices: Any) -> None:
    assert sorted(prices) == sorted(ENDPOINTS)
    assert prices["acme/model-7"] == {
        "endpoint_id": "acme/model-7",
        "unit_price": 0.5,
        "unit": "seconds",
        "currency": "USD",
    }
