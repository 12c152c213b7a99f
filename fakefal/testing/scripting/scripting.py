"""What a test says in advance: which calls get what, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fakefal.engine.controls import Controls
from fakefal.errors import FakefalError
from fakefal.protocol.core.call import Json
from fakefal.scenario.builder import ExchangeBuilder, build_circumstances, when_of, worded
from fakefal.scenario.compiled.exchange import Entry, make_entry
from fakefal.scenario.files.loader import Loaded, load_data, load_file, read_assets
from fakefal.scenario.matching.matchers import PatternError, quote
from fakefal.scenario.media.assets import Asset
from fakefal.scenario.model.scenario import Exchange
from fakefal.scenario.templates.templates import TemplateError
from fakefal.server.thread import ThreadedFakeFal
from fakefal.testing.scripting.callables import Blame, Reply, guarded, source_of

if TYPE_CHECKING:
    from typing_extensions import Self

Publish = Callable[["Scripted", Exchange], None]


class Scripted(ExchangeBuilder):
    """An exchange in the making, as ``fakefal.on(…)`` begins it.

    Where a text, an output or a failure is wanted, a function of the call may stand, sync or async:
    ``on("fal-ai/flux/dev").output(lambda call: {"seed": call.input["seed"]})``.
    """

    def __init__(self, when: dict[str, Any], publish: Publish) -> None:
        super().__init__(when, lambda exchange: publish(self, exchange))
        self.functions: dict[int, tuple[str, Reply]] = {}
        self.index = -1
        self.has_reply = False

    @property
    def is_published(self) -> bool:
        """Whether it answers already."""
        return self.index >= 0

    @property
    def asked(self) -> str:
        """What it is for, as it was written."""
        return ", ".join(f"{name}={quote(value)}" for name, value in self._when.items())

    def reply(self, function: Reply) -> Self:
        """A function that gives a language model's text, or any JSON as the output.

        It fails the call with ``raise Failure("runner_disconnected")``.
        """
        return self._function("any", function)

    def text(self, text: str | Reply, *, reasoning: str | None = None) -> Self:
        """A language model's answer; ``reasoning`` is given to calls that ask for it."""
        if callable(text):
            return self._function("text", text)
        return super().text(text, reasoning=reasoning)

    def output(self, output: Json | Reply) -> Self:
        """Any JSON as the model's output."""
        if callable(output):
            return self._function("output", output)
        return super().output(output)

    def fail(self, name: str | Reply | None = None, **spelled: Any) -> Self:
        """A failure: a name of the error catalogue, or spelled out as in a file.

        ``fail("runner_disconnected")``, ``fail(type="no_media_generated")``,
        ``fail(status=418, body={"detail": "teapot"})``. A function gives one of these or None.
        """
        if callable(name):
            return self._function("fail", name)
        return super().fail(name, **spelled)

    def _publish(self) -> Self:
        self.has_reply = True
        return super()._publish()

    def _function(self, kind: str, function: Reply) -> Self:
        if not callable(function):
            raise FakefalError("reply takes a function of the call — reply(lambda call: …), say")
        self.functions[len(self._replies) - 1] = (kind, function)
        return self._set()


class Scripting:
    """The part of ``fakefal`` that scripts answers."""

    server: ThreadedFakeFal
    controls: Controls
    blame: Blame
    _begun: list[Scripted]

    def on(
        self,
        endpoint: str | list[str] | None = None,
        /,
        *,
        via: str | list[str] | None = None,
        input: Json = None,
        headers: dict[str, Any] | None = None,
        **fields: Json,
    ) -> Scripted:
        """Begin an exchange: which calls it answers. What is left out matches everything.

        ``fields`` are fields of the input: ``on("fal-ai/any-llm", prompt=contains("tagline"))``.
        A value may be a function that says yes or no. The first exchange that matches answers, in
        the order of ``on``, and before those of scenarios that were loaded at the start.
        """
        when = guarded(when_of(endpoint, via, input, headers, fields), self.blame)
        index: int | None = None

        def publish(builder: Scripted, exchange: Exchange) -> None:
            nonlocal index
            data = exchange.model_dump(by_alias=True, exclude_unset=True)
            assets = read_assets(data, "on(…)")
            index = self._put(index, exchange, assets, self._sources(builder, exchange))
            builder.index = index

        builder = Scripted(when, publish)
        self._begun.append(builder)
        return builder

    def load(self, scenario: str | Path | dict[str, Any] | Loaded) -> None:
        """Add the exchanges and options of a file, or of a dict as a file would hold them."""
        if isinstance(scenario, Loaded):
            loaded = scenario
        elif isinstance(scenario, dict):
            loaded = load_data(scenario, "load(…)")
        else:
            loaded = load_file(scenario)
        self.server.call(lambda: self.controls.change(loaded.scenario))
        for entry in loaded.entries:
            self._put(None, entry.exchange, loaded.assets, place=entry.place)

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

    def prices(self, prices: dict[str, dict[str, float]]) -> None:
        """What models cost, in US $ for a million tokens: ``{"openai/*": {"input": 1.0}}``."""
        self._change(prices=prices)

    def _change(self, **data: Any) -> None:
        given = build_circumstances(data)
        self._scripted()
        self.server.call(lambda: self.controls.change(given))

    def _scripted(self) -> None:
        """The test says itself what calls get."""

    def _sources(self, builder: Scripted, exchange: Exchange) -> dict[int, Any]:
        """The functions among the replies, by their number."""
        found = {}
        replies = exchange.replies or []
        for number, (kind, function) in builder.functions.items():
            static = replies[number].model_dump(by_alias=True, exclude_unset=True)
            found[number] = source_of(static, kind, function, self.blame)
        return found

    def _put(
        self,
        index: int | None,
        exchange: Exchange,
        assets: Mapping[str, Asset],
        sources: Mapping[int, Any] = MappingProxyType({}),
        place: str = "",
    ) -> int:
        self._scripted()

        def put() -> int:
            at = len(self.controls.tenant.own.entries) if index is None else index
            entry = make_entry(exchange, at, place, assets=assets)
            self.controls.put_entry(at, _asking(entry, sources) if sources else entry)
            return at

        try:
            at = self.server.call(put)
        except (PatternError, TemplateError) as error:
            raise worded(error) from None
        self._assets.update(assets)
        return at

    _assets: dict[str, Asset]


def _asking(entry: Entry, sources: Mapping[int, Any]) -> Entry:
    plans = tuple(
        replace(plan, source=sources[number], streams={}, known={}) if number in sources else plan
        for number, plan in enumerate(entry.plans)
    )
    return replace(entry, plans=plans)
