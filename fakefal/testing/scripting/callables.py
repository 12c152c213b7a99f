"""Replies and predicates that are functions of a test: run, awaited, and blamed."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import json
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fakefal.engine.controls import CallRecord
from fakefal.errors import FakefalError
from fakefal.protocol.core.call import Call, Json
from fakefal.protocol.llm.endpoints import variant_of
from fakefal.scenario.builder import build_exchange
from fakefal.scenario.compiled.reply import Plan, Source
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.files.loader import read_assets
from fakefal.scenario.matching.matchers import quote
from fakefal.scenario.matching.predicates import function_name
from fakefal.scenario.media.assets import references_in
from fakefal.scenario.templates.templates import Value

_PATIENCE_SECONDS = 30.0
_KEPT = 20

Reply = Callable[[CallRecord], Any]
"""A function of a test that answers a call, sync or async."""


class Failure(Exception):
    """Raised in a reply function: the call fails so, by name or spelled out as ``fail`` takes it.

    ``raise Failure("content_policy_violation")``, ``raise Failure(status=418, body={…})``.
    """

    def __init__(self, name: str | None = None, **spelled: Any) -> None:
        super().__init__(name or spelled)
        if (name is None) == (not spelled):
            raise FakefalError(
                "Failure takes a name or a spelled-out failure — Failure(status=500), say"
            )
        self.fail = spelled if name is None else name


class Blame:
    """What the functions of a test raised: it is the test that fails for it."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []

    def take(self, error: BaseException) -> None:
        """Note what a function raised."""
        if len(self.errors) < _KEPT:
            self.errors.append(error)


class Guarded:
    """A predicate whose mistakes are noted."""

    def __init__(self, function: Callable[[Json], Any], blame: Blame) -> None:
        self.__wrapped__ = function
        self.blame = blame

    def __call__(self, value: Json) -> bool:
        try:
            return bool(self.__wrapped__(value))
        except Exception as error:
            self.blame.take(error)
            return False


def guarded(value: Any, blame: Blame) -> Any:
    """A pattern whose functions are guarded."""
    if callable(value):
        return Guarded(value, blame)
    if isinstance(value, dict):
        return {key: guarded(inner, blame) for key, inner in value.items()}
    if isinstance(value, list):
        return [guarded(inner, blame) for inner in value]
    return value


class Caller:
    """Calls a function from where it was written: its event loop, its context.

    Sync functions run in a thread of their own, so they may wait and may call the fake. Async ones
    run in the loop of the test that wrote them, or in one of their own if it had none.
    """

    def __init__(self, function: Reply) -> None:
        self.function = function
        self._context = contextvars.copy_context()
        self._loop = _running_loop()
        self._trio = _trio_token()

    async def call(self, record: CallRecord) -> Any:
        """What the function gives; raises what it raises."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()

        def tell(result: Any, error: BaseException | None) -> None:
            if not done.done():
                done.set_result((result, error))

        def run() -> None:
            result, error = None, None
            try:
                result = self._context.copy().run(self._run, record)
            except BaseException as raised:
                error = raised
            loop.call_soon_threadsafe(tell, result, error)

        threading.Thread(target=run, name="fakefal-reply", daemon=True).start()
        try:
            result, error = await asyncio.wait_for(done, _PATIENCE_SECONDS)
        except asyncio.TimeoutError:
            raise FakefalError(
                f"{function_name(self.function)} has not answered in {_PATIENCE_SECONDS:g}s — an "
                "async function runs in the loop of its test, which must not be blocked meanwhile"
            ) from None
        if error is not None:
            raise error
        return result

    def _run(self, record: CallRecord) -> Any:
        result = self.function(record)
        if not inspect.isawaitable(result):
            return result

        async def wait() -> Any:
            return await result

        if self._trio is not None:
            import trio

            return trio.from_thread.run(wait, trio_token=self._trio)
        if self._loop is not None and self._loop.is_running():
            return asyncio.run_coroutine_threadsafe(wait(), self._loop).result()
        return asyncio.run(wait())


def source_of(static: dict[str, Any], kind: str, function: Reply, blame: Blame) -> Source:
    """How a reply is made whose ``kind`` (text, output, fail or any) a function gives."""
    caller = Caller(function)

    async def source(call: Call, request_id: str, count: int) -> Plan:
        record = CallRecord(
            call.endpoint.text, call.via, call.input, dict(call.headers), request_id, "", 0, count
        )
        try:
            value = await caller.call(record)
            return _plan(static, kind, value, call, function)
        except Failure as failure:
            return _failed(static, failure.fail)
        except BaseException as error:
            blame.take(error)
            told = f"fakefal: {function_name(function)} raised {type(error).__name__}: {error}"
            return _failed({}, {"status": 500, "body": {"detail": told}})

    return source


def _plan(static: dict[str, Any], kind: str, value: Any, call: Call, function: Reply) -> Plan:
    """The reply that a function's value stands for; raises FakefalError for what is none."""
    if kind == "fail":
        return _compiled(static) if value is None else _failed(static, value)
    _check_json(value, function)
    if kind == "text" and not isinstance(value, str):
        raise FakefalError(f"{function_name(function)} gave {quote(value)} — text wants a string")
    if kind == "text" or (
        kind == "any" and isinstance(value, str) and variant_of(call.endpoint) is not None
    ):
        return replace(_compiled({**static, "text": ""}), text=Value(value, True))
    if any(references_in(value)):
        return _compiled({**static, "output": value})
    return replace(_compiled({**static, "output": None}), output=Value(value, True))


def _failed(static: dict[str, Any], fail: Any) -> Plan:
    return _compiled({**static, "fail": fail})


def _compiled(reply: dict[str, Any]) -> Plan:
    exchange = build_exchange({"reply": reply})
    assert exchange.reply is not None
    return compile_reply(exchange.reply, ("reply",), read_assets({"reply": reply}, "on(…)"))


def _check_json(value: Any, function: Reply) -> None:
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise FakefalError(f"{function_name(function)} gave what is no JSON: {error}") from None


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _trio_token() -> Any:
    trio = sys.modules.get("trio")
    if trio is None:
        return None
    try:
        return trio.lowlevel.current_trio_token()
    except RuntimeError:
        return None
