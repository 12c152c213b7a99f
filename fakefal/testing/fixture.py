"""The ``fakefal`` object that a test gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fakefal.engine.controls import CallRecord, Controls, FileRecord, MessageRecord
from fakefal.protocol.call import Json
from fakefal.scenario.assets import Asset
from fakefal.scenario.builder import (
    ExchangeBuilder,
    build_circumstances,
    when_of,
    worded,
)
from fakefal.scenario.loading import load_data, load_file, read_assets
from fakefal.scenario.models import Exchange
from fakefal.scenario.patterns import PatternError
from fakefal.scenario.render import TemplateError
from fakefal.server.thread import ThreadedFakeFal
from fakefal.testing.webhooks import FakeWebhooks


class FakeClock:
    """The clock of one test."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    @property
    def now(self) -> float:
        """Seconds since 1970."""
        return float(self._read()["now"])

    @property
    def iso(self) -> str:
        """The instant as log entries have it: ``2026-01-01T00:00:00.000000Z``."""
        return str(self._read()["iso"])

    @property
    def kind(self) -> str:
        """``instant``, ``manual``, ``real`` or ``scaled``."""
        return str(self._read()["kind"])

    def advance(self, duration: float | str) -> None:
        """Move time ahead by ``"90s"`` or seconds; raises SettingError for what is no duration."""
        self._fake.server.call(lambda: self._fake.controls.advance(duration))

    def _read(self) -> dict[str, Any]:
        return self._fake.server.call(self._fake.controls.clock)


class Fake:
    """A fake fal for one test: its own exchanges, jobs, journal and clock.

    ``url`` is where it listens and ``key`` the key that leads to this test's tenant.
    """

    def __init__(self, server: ThreadedFakeFal, key: str, *, clock: str = "instant") -> None:
        self.server = server
        self.key = key
        engine = server.fake.engine
        self.controls = server.call(lambda: Controls(engine, key, clock=clock))
        self.clock = FakeClock(self)
        self.webhooks = FakeWebhooks(server, self.controls)
        self._taken = 0
        server.call(self._take_all_keys)

    @property
    def url(self) -> str:
        """Where the fake listens: ``http://127.0.0.1:49152``."""
        return self.server.fake.url

    def base_url(self, fal_host: str) -> str:
        """A base URL for code that can be told one: ``http://127.0.0.1:49152/queue.fal.run``."""
        return self.server.fake.base_url(fal_host)

    def on(
        self,
        endpoint: str | None = None,
        /,
        *,
        via: str | list[str] | None = None,
        input: Json = None,
        headers: dict[str, Any] | None = None,
        **fields: Json,
    ) -> ExchangeBuilder:
        """Begin an exchange: which calls it answers. What is left out matches everything.

        ``fields`` are fields of the input: ``on("fal-ai/any-llm", prompt=contains("tagline"))``.
        The first exchange that matches answers, in the order of ``on``.
        """
        when = when_of(endpoint, via, input, headers, fields)
        index: int | None = None

        def publish(exchange: Exchange) -> None:
            nonlocal index
            data = exchange.model_dump(by_alias=True, exclude_unset=True)
            index = self._put(index, exchange, read_assets(data, "on(…)"))

        return ExchangeBuilder(when, publish)

    def load(self, scenario: str | Path | dict[str, Any]) -> None:
        """Add the exchanges and options of a file, or of a dict as a file would hold them."""
        loaded = (
            load_data(scenario, "load(…)") if isinstance(scenario, dict) else load_file(scenario)
        )
        self.server.call(lambda: self.controls.change(loaded.scenario))
        for exchange in loaded.scenario.exchanges:
            self._put(None, exchange, loaded.assets)

    # What holds for all calls of the test

    def preset(self, *names: str) -> None:
        """Ready-made troubles by name, such as ``"one-job-then-locked"``."""
        self._change(preset=list(names))

    def options(self, **switches: Any) -> None:
        """Switches as under ``options`` of a file: ``options(subpath="refuse-405")``."""
        self._change(options=switches)

    def faults(self, **operations: Any) -> None:
        """Faults of every request of its kind: ``faults(upload="503", download="truncate")``."""
        self._change(faults=operations)

    def account(self, state: str | None = None, **more: Any) -> None:
        """How the account stands: ``account("exhausted-balance", after=1, reads="refused")``."""
        self._change(account=more if state is None else {"state": state, **more})

    def app(self, endpoint: str, **ways: Any) -> None:
        """How an app is served: ``app("fal-ai/any-llm", runners=2, request_timeout="60s")``."""
        self._change(apps={endpoint: ways})

    def host_down(self, *hosts: str) -> None:
        """Reset every connection to fal hosts: ``host_down("queue.fal.run")``."""
        self._change(hosts=dict.fromkeys(hosts, "down"))

    def host_up(self, *hosts: str) -> None:
        """Let fal hosts be reached again."""
        self._change(hosts=dict.fromkeys(hosts, "up"))

    def chaos(self, rate: float, faults: Any, **more: Any) -> None:
        """Faults by chance, the same for the same seed: ``chaos(0.1, ["reset"], seed=3)``."""
        self._change(chaos={"rate": rate, "faults": faults, **more})

    @property
    def calls(self) -> list[CallRecord]:
        """The calls that came, oldest first; status polls are not calls."""
        return self.server.call(self.controls.calls)

    @property
    def messages(self) -> list[MessageRecord]:
        """The messages that came on sockets of apps' own, oldest first."""
        return self.server.call(self.controls.messages)

    @property
    def journal(self) -> list[dict[str, Any]]:
        """All that happened, polls included."""
        return self.server.call(self.controls.journal)

    @property
    def dropped(self) -> int:
        """How many of its oldest entries the journal, being full, has let go; ``calls`` too."""
        return self.server.call(self.controls.dropped)

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """The queue requests and where they are."""
        return self.server.call(self.controls.jobs)

    @property
    def files(self) -> list[FileRecord]:
        """The files kept, oldest first: what was uploaded, and what outputs hold."""
        return self.server.call(self.controls.files)

    @property
    def misses(self) -> list[str]:
        """Calls that met no exchange, each with the nearest and why they did not match."""
        return self.server.call(self.controls.misses)

    def take_misses(self) -> list[str]:
        """The misses since the last time; those taken do not fail the test at its end."""
        missed = self.server.call(self.controls.missed)
        fresh, self._taken = missed - self._taken, missed
        return self.misses[-fresh:] if fresh else []

    def assert_no_misses(self) -> None:
        """Raise MissesFound if a call met no exchange, taken misses aside."""
        if self.server.call(self.controls.missed) > self._taken:
            self.server.call(self.controls.assert_no_misses)

    def close(self) -> None:
        """Forget the test's tenant."""
        self.server.call(lambda: self.server.fake.engine.drop(self.key))

    def _change(self, **data: Any) -> None:
        given = build_circumstances(data)
        self.server.call(lambda: self.controls.change(given))

    def _put(self, index: int | None, exchange: Exchange, assets: dict[str, Asset]) -> int:
        def put() -> int:
            own = self.controls.tenant.own.entries
            at = len(own) if index is None else index
            self.controls.put_exchange(at, exchange, assets)
            return at

        try:
            return self.server.call(put)
        except (PatternError, TemplateError) as error:
            raise worded(error) from None

    def _take_all_keys(self) -> None:
        """Whatever key the code under test uses, it reaches this test."""
        self.server.fake.engine.home = self.controls.tenant
