"""The pytest plugin. Heavy modules are imported in the fixtures, as every run loads this one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fakefal.server.thread import ThreadedFakeFal
    from fakefal.testing.fixture import Fake
    from fakefal.testing.receiver import Receiver


@pytest.fixture(scope="session")
def fakefal_server() -> Iterator[ThreadedFakeFal]:
    """One fake fal for this process, on a free port, in a thread of its own."""
    from fakefal.server.server import FakeFal
    from fakefal.server.thread import ThreadedFakeFal

    server = ThreadedFakeFal(FakeFal(unmatched="fail", clock="instant", keep_alive=False))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def fakefal_clock() -> str:
    """The clock of a test: ``instant`` waits for nobody. Override it for ``manual`` or ``real``."""
    return "instant"


@pytest.fixture
def fakefal(
    request: pytest.FixtureRequest, fakefal_server: ThreadedFakeFal, fakefal_clock: str
) -> Iterator[Fake]:
    """A fake fal of the test's own; ``fal_client`` in this process talks to it.

    A call that no exchange matches fails the test at its end.
    """
    from fakefal.errors import MissesFound
    from fakefal.scenario.generated import digest
    from fakefal.testing.fixture import Fake
    from fakefal.testing.redirect import redirect, restore

    key = f"fakefal:{digest(request.node.nodeid).hex()[:20]}"
    fake = Fake(fakefal_server, key, clock=fakefal_clock)
    with pytest.MonkeyPatch.context() as patch:
        redirect(patch, fake.url, fake.key)
        yield fake
        restore()
    try:
        fake.assert_no_misses()
    except MissesFound as error:
        pytest.fail(str(error), pytrace=False)
    finally:
        fake.close()


@pytest.fixture
def fakefal_receiver(fakefal: Fake) -> Iterator[Receiver]:
    """A receiver of webhooks, checked as fal's docs say; give its ``url`` as the webhook's."""
    from fakefal.testing.receiver import Receiver

    jwks_url = f"{fakefal.base_url('rest.fal.ai')}/.well-known/jwks.json"
    with Receiver(jwks_url, fakefal.webhooks.now) as receiver:
        yield receiver
