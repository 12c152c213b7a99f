"""``fakefal.on(…)`` and the settings of a test: what its calls are answered with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fakefal.engine.controls import Controls
from fakefal.errors import FakefalError, hide_frame
from fakefal.protocol.core.call import Json
from fakefal.scenario.builder import (
    ExchangeBuilder,
    build_defaults,
    build_when,
    to_user_error,
    when_data,
)
from fakefal.scenario.compiled.exchange import CompiledExchange
from fakefal.scenario.compiled.scenario import LoadedScenario
from fakefal.scenario.compiler.condition import compile_condition
from fakefal.scenario.compiler.exchange import compile_exchange
from fakefal.scenario.files.loader import load_data, load_file, read_assets
from fakefal.scenario.matching.matchers import PatternError, quote
from fakefal.scenario.matching.texts import close_name
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
from fakefal.testing.scripting.caller import caller_location
from fakefal.testing.scripting.routes import RouteScripting

if TYPE_CHECKING:
    from typing_extensions import Self

__tracebackhide__ = hide_frame

Publish = Callable[["ScriptedExchange", Exchange], None]


class ScriptedExchange(ExchangeBuilder):
    """A builder of an exchange, as ``fakefal.on(…)`` returns it.

    ``text``, ``output`` and ``fail`` also take a function of the call, sync or async:
    ``on("fal-ai/flux/dev").output(lambda call: {"seed": call.input["seed"]})``.
    """

    def __init__(self, when: dict[str, Any], publish: Publish, location: str = "") -> None:
        super().__init__(when, lambda exchange: publish(self, exchange))
        self.functions: dict[int, tuple[str, ReplyFunction]] = {}
        self.location = location
        self.index = -1
        self.has_reply = False

    def __getattr__(self, name: str) -> Any:
        close = close_name(name, [other for other in dir(type(self)) if other[0] != "_"])
        fix = f"did you mean .{close}?" if close else "see docs/pytest.md#what-it-answers"
        raise AttributeError(f"on(…) has no .{name} — {fix}")

    @property
    def is_published(self) -> bool:
        """Whether the exchange is in the tenant's index, which its first reply causes."""
        return self.index >= 0

    @property
    def description(self) -> str:
        """Its ``when`` as the arguments of ``on``: ``endpoint="fal-ai/any-llm"``."""
        return ", ".join(f"{name}={quote(value)}" for name, value in self._when.items())

    def reply(self, function: ReplyFunction) -> Self:
        """Answer with a function of the call: it returns an LLM's text, or any JSON as output.

        ``raise Failure("runner_disconnected")`` in it fails the call.
        """
        return self._set_function("any", function)

    def text(self, text: str | ReplyFunction, *, reasoning: str | None = None) -> Self:
        """Answer with an LLM's text; calls that request reasoning get ``reasoning`` too."""
        if callable(text):
            return self._set_function("text", text)
        return super().text(text, reasoning=reasoning)

    def output(
        self, output: Json | bytes | ReplyFunction, *, content_type: str | None = None
    ) -> Self:
        """Answer with any JSON; ``{"file": "cat.png"}`` in it becomes a file with a URL.

        Bytes are the whole body of the response: ``output(mp3, content_type="audio/mpeg")``.
        """
        if callable(output):
            return self._set_function("output", output)
        return super().output(output, content_type=content_type)

    def fail(self, name: str | ReplyFunction | None = None, **fields: Any) -> Self:
        """Fail the call: by a name of the error catalogue, or with the fields of a file's ``fail``.

        ``fail("runner_disconnected")``, ``fail(type="no_media_generated")``,
        ``fail(status=418, body={"detail": "teapot"})``. A function returns a name, a dict of such
        fields, or None for success.
        """
        self.has_reply = True
        if callable(name):
            return self._set_function("fail", name)
        return super().fail(name, **fields)

    def set_priority(self, priority: int) -> None:
        """Set the exchange's ``priority``; it is not published yet."""
        self._exchange_fields["priority"] = priority

    def _set(self, **fields: Any) -> Self:
        self.has_reply = True  # also if the reply is refused: that error is enough
        return super()._set(**fields)

    def _publish(self) -> Self:
        self.has_reply = True
        return super()._publish()

    def _set_function(self, kind: str, function: ReplyFunction) -> Self:
        self.has_reply = True
        if not callable(function):
            raise FakefalError("reply takes a function — for example reply(lambda call: …)")
        self.functions[len(self._replies) - 1] = (kind, function)
        return self._set()


class Scripting(RouteScripting):
    """The methods of ``fakefal`` that script replies and settings."""

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
        method: str | None = None,
        first: bool = False,
        **fields: Json,
    ) -> ScriptedExchange:
        """Start an exchange for the calls that match all arguments.

        ``fields`` are fields of the input: ``on("fal-ai/any-llm", prompt=contains("tagline"))``.
        ``method`` is for other routes of an app than POST. A value may be a function that returns
        a bool. The first matching exchange answers, in the order of ``on``; exchanges of
        scenarios loaded at the start come after them. ``first`` puts it before all that exist
        now: a special reply in a test, after general ones of a fixture.
        """
        data = when_data(endpoint, via, input, headers, fields, method)
        when = guard_pattern(data, self.callback_errors)
        check_when(when)
        location = caller_location()
        index: int | None = None

        def publish(builder: ScriptedExchange, exchange: Exchange) -> None:
            nonlocal index
            data = exchange.model_dump(by_alias=True, exclude_unset=True)
            assets = read_assets(data, "on(…)")
            index = self._put_exchange(
                index, exchange, assets, self._reply_factories(builder, exchange), location
            )
            builder.index = index

        builder = ScriptedExchange(when, publish, location)
        if first:
            builder.set_priority(self.server.call(self._next_priority))
        self._builders.append(builder)
        return builder

    def _next_priority(self) -> int:
        """A priority above that of all exchanges."""
        tenant = self.controls.tenant
        return 1 + max(0, tenant.own_index.priority, tenant.base_index.priority)

    def load(self, scenario: str | Path | dict[str, Any] | LoadedScenario) -> None:
        """Add a scenario: a file, or a dict in the format of a file."""
        if isinstance(scenario, LoadedScenario):
            loaded = scenario
        elif isinstance(scenario, dict):
            loaded = load_data(scenario, "load(…)")
        else:
            loaded = load_file(scenario)
        self.server.call(lambda: self.controls.update(loaded.scenario))
        for compiled in loaded.exchanges:
            self._put_exchange(None, compiled.model, loaded.assets, location=compiled.location)
        for route in loaded.routes:
            self._put_route(None, route.model, loaded.assets, route.location)

    def preset(self, *names: str) -> None:
        """Apply scenario presets by name, such as ``"one-job-then-locked"``."""
        self._change(preset=list(names))

    def options(self, **flags: Any) -> None:
        """Set options as under ``options`` of a file: ``options(subpath="refuse-405")``."""
        self._change(options=flags)

    def faults(self, **operations: Any) -> None:
        """Set faults by operation: ``faults(upload="503", download="truncate")``."""
        self._change(faults=operations)

    def account(self, state: str | None = None, **fields: Any) -> None:
        """Set the account's state: ``account("exhausted-balance", after=1, reads="refused")``."""
        self._change(account=fields if state is None else {"state": state, **fields})

    def app(self, endpoint: str, **settings: Any) -> None:
        """Set how an app is served: ``app("fal-ai/any-llm", runners=2, request_timeout="60s")``."""
        self._change(apps={endpoint: settings})

    def host_down(self, *hosts: str) -> None:
        """Reset every connection to fal hosts: ``host_down("queue.fal.run")``."""
        self._change(hosts=dict.fromkeys(hosts, "down"))

    def host_up(self, *hosts: str) -> None:
        """Accept connections to fal hosts again, or serve hosts that are not fal's."""
        self._change(hosts=dict.fromkeys(hosts, "up"))

    def chaos(self, rate: float, faults: Any, **fields: Any) -> None:
        """Inject random faults, repeatable by seed: ``chaos(0.1, ["reset"], seed=3)``."""
        self._change(chaos={"rate": rate, "faults": faults, **fields})

    def prices(self, prices: dict[str, dict[str, float]]) -> None:
        """Set prices in US $ per million tokens: ``{"openai/*": {"input": 1.0}}``."""
        self._change(prices=prices)

    def _change(self, **fields: Any) -> None:
        defaults = build_defaults(fields)
        self._on_scripted()
        self.server.call(lambda: self.controls.update(defaults))

    def _on_scripted(self) -> None:
        """Called before each change; a recording then only records unmatched calls."""

    def _reply_factories(self, builder: ScriptedExchange, exchange: Exchange) -> dict[int, Any]:
        """The factories of callable replies, by index of the reply."""
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


def check_when(when: dict[str, Any]) -> None:
    """Raises FakefalError for a ``when`` that is not valid."""
    try:
        compile_condition(build_when(when))
    except PatternError as error:
        raise to_user_error(error) from None


def _with_factories(exchange: CompiledExchange, factories: Mapping[int, Any]) -> CompiledExchange:
    """A copy whose callable replies have their factory, and caches of their own."""
    replies = tuple(
        replace(reply, factory=factories[number], stream_cache={}, outcome_cache={})
        if number in factories
        else reply
        for number, reply in enumerate(exchange.replies)
    )
    return replace(exchange, replies=replies)
