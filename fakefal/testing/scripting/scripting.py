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
from fakefal.scenario.builder import ExchangeBuilder, build_defaults, to_user_error, when_data
from fakefal.scenario.compiled.exchange import CompiledExchange, compile_exchange
from fakefal.scenario.files.loader import LoadedScenario, load_data, load_file, read_assets
from fakefal.scenario.matching.matchers import PatternError, quote
from fakefal.scenario.media.assets import Asset
from fakefal.scenario.model.scenario import Exchange
from fakefal.scenario.templates.templates import TemplateError
from fakefal.server.thread import ThreadedServer
from fakefal.testing.scripting.callables import (
    CallbackErrors,
    ReplyFunction,
    guard_pattern,
    make_reply_factory,
)

if TYPE_CHECKING:
    from typing_extensions import Self

Publish = Callable[["ScriptedExchange", Exchange], None]


class ScriptedExchange(ExchangeBuilder):
    """An exchange in the making, as ``fakefal.on(…)`` begins it.

    Where a text, an output or a failure is wanted, a function of the call may stand, sync or async:
    ``on("fal-ai/flux/dev").output(lambda call: {"seed": call.input["seed"]})``.
    """

    def __init__(self, when: dict[str, Any], publish: Publish) -> None:
        super().__init__(when, lambda exchange: publish(self, exchange))
        self.functions: dict[int, tuple[str, ReplyFunction]] = {}
        self.index = -1
        self.has_reply = False

    @property
    def is_published(self) -> bool:
        """Whether it answers already."""
        return self.index >= 0

    @property
    def description(self) -> str:
        """What it is for, as it was written."""
        return ", ".join(f"{name}={quote(value)}" for name, value in self._when.items())

    def reply(self, function: ReplyFunction) -> Self:
        """A function that gives a language model's text, or any JSON as the output.

        It fails the call with ``raise Failure("runner_disconnected")``.
        """
        return self._set_function("any", function)

    def text(self, text: str | ReplyFunction, *, reasoning: str | None = None) -> Self:
        """A language model's answer; ``reasoning`` is given to calls that ask for it."""
        if callable(text):
            return self._set_function("text", text)
        return super().text(text, reasoning=reasoning)

    def output(self, output: Json | ReplyFunction) -> Self:
        """Any JSON as the model's output."""
        if callable(output):
            return self._set_function("output", output)
        return super().output(output)

    def fail(self, name: str | ReplyFunction | None = None, **fields: Any) -> Self:
        """A failure: a name of the error catalogue, or spelled out as in a file.

        ``fail("runner_disconnected")``, ``fail(type="no_media_generated")``,
        ``fail(status=418, body={"detail": "teapot"})``. A function gives one of these or None.
        """
        if callable(name):
            return self._set_function("fail", name)
        return super().fail(name, **fields)

    def _publish(self) -> Self:
        self.has_reply = True
        return super()._publish()

    def _set_function(self, kind: str, function: ReplyFunction) -> Self:
        if not callable(function):
            raise FakefalError("reply takes a function of the call — reply(lambda call: …), say")
        self.functions[len(self._replies) - 1] = (kind, function)
        return self._set()


class Scripting:
    """The part of ``fakefal`` that scripts answers."""

    server: ThreadedServer
    controls: Controls
    callback_errors: CallbackErrors
    _builders: list[ScriptedExchange]

    def on(
        self,
        endpoint: str | list[str] | None = None,
        /,
        *,
        via: str | list[str] | None = None,
        input: Json = None,
        headers: dict[str, Any] | None = None,
        **fields: Json,
    ) -> ScriptedExchange:
        """Begin an exchange: which calls it answers. What is left out matches everything.

        ``fields`` are fields of the input: ``on("fal-ai/any-llm", prompt=contains("tagline"))``.
        A value may be a function that says yes or no. The first exchange that matches answers, in
        the order of ``on``, and before those of scenarios that were loaded at the start.
        """
        when = guard_pattern(when_data(endpoint, via, input, headers, fields), self.callback_errors)
        index: int | None = None

        def publish(builder: ScriptedExchange, exchange: Exchange) -> None:
            nonlocal index
            data = exchange.model_dump(by_alias=True, exclude_unset=True)
            assets = read_assets(data, "on(…)")
            index = self._put_exchange(
                index, exchange, assets, self._reply_factories(builder, exchange)
            )
            builder.index = index

        builder = ScriptedExchange(when, publish)
        self._builders.append(builder)
        return builder

    def load(self, scenario: str | Path | dict[str, Any] | LoadedScenario) -> None:
        """Add the exchanges and options of a file, or of a dict as a file would hold them."""
        if isinstance(scenario, LoadedScenario):
            loaded = scenario
        elif isinstance(scenario, dict):
            loaded = load_data(scenario, "load(…)")
        else:
            loaded = load_file(scenario)
        self.server.call(lambda: self.controls.update(loaded.scenario))
        for compiled in loaded.exchanges:
            self._put_exchange(None, compiled.model, loaded.assets, location=compiled.location)

    # What holds for all calls of the test

    def preset(self, *names: str) -> None:
        """Ready-made troubles by name, such as ``"one-job-then-locked"``."""
        self._change(preset=list(names))

    def options(self, **flags: Any) -> None:
        """Switches as under ``options`` of a file: ``options(subpath="refuse-405")``."""
        self._change(options=flags)

    def faults(self, **operations: Any) -> None:
        """Faults of every request of its kind: ``faults(upload="503", download="truncate")``."""
        self._change(faults=operations)

    def account(self, state: str | None = None, **fields: Any) -> None:
        """How the account stands: ``account("exhausted-balance", after=1, reads="refused")``."""
        self._change(account=fields if state is None else {"state": state, **fields})

    def app(self, endpoint: str, **settings: Any) -> None:
        """How an app is served: ``app("fal-ai/any-llm", runners=2, request_timeout="60s")``."""
        self._change(apps={endpoint: settings})

    def host_down(self, *hosts: str) -> None:
        """Reset every connection to fal hosts: ``host_down("queue.fal.run")``."""
        self._change(hosts=dict.fromkeys(hosts, "down"))

    def host_up(self, *hosts: str) -> None:
        """Let fal hosts be reached again."""
        self._change(hosts=dict.fromkeys(hosts, "up"))

    def chaos(self, rate: float, faults: Any, **fields: Any) -> None:
        """Faults by chance, the same for the same seed: ``chaos(0.1, ["reset"], seed=3)``."""
        self._change(chaos={"rate": rate, "faults": faults, **fields})

    def prices(self, prices: dict[str, dict[str, float]]) -> None:
        """What models cost, in US $ for a million tokens: ``{"openai/*": {"input": 1.0}}``."""
        self._change(prices=prices)

    def _change(self, **fields: Any) -> None:
        defaults = build_defaults(fields)
        self._on_scripted()
        self.server.call(lambda: self.controls.update(defaults))

    def _on_scripted(self) -> None:
        """The test says itself what calls get."""

    def _reply_factories(self, builder: ScriptedExchange, exchange: Exchange) -> dict[int, Any]:
        """The functions among the replies, by their number."""
        factories = {}
        replies = exchange.replies or []
        for number, (kind, function) in builder.functions.items():
            static = replies[number].model_dump(by_alias=True, exclude_unset=True)
            factories[number] = make_reply_factory(static, kind, function, self.callback_errors)
        return factories

    def _put_exchange(
        self,
        index: int | None,
        exchange: Exchange,
        assets: Mapping[str, Asset],
        factories: Mapping[int, Any] = MappingProxyType({}),
        location: str = "",
    ) -> int:
        self._on_scripted()

        def put() -> int:
            position = len(self.controls.tenant.own_index.exchanges) if index is None else index
            compiled = compile_exchange(exchange, position, location, assets=assets)
            self.controls.put_compiled(
                position, _with_factories(compiled, factories) if factories else compiled
            )
            return position

        try:
            position = self.server.call(put)
        except (PatternError, TemplateError) as error:
            raise to_user_error(error) from None
        self._assets.update(assets)
        return position

    _assets: dict[str, Asset]


def _with_factories(exchange: CompiledExchange, factories: Mapping[int, Any]) -> CompiledExchange:
    replies = tuple(
        replace(reply, source=factories[number], streams={}, known={})
        if number in factories
        else reply
        for number, reply in enumerate(exchange.replies)
    )
    return replace(exchange, plans=replies)
