"""Callable replies and predicates of a test: how they are run, and what happens to their errors."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import json
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from fakefal.engine.controls import CallRecord
from fakefal.errors import FakefalError, hide_frame
from fakefal.protocol.core.call import Call, Json
from fakefal.scenario.builder import build_exchange
from fakefal.scenario.compiled.reply import CompiledReply, ReplyFactory
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.files.loader import read_assets
from fakefal.scenario.matching.matchers import quote
from fakefal.scenario.matching.predicates import function_name
from fakefal.scenario.media.assets import references_in
from fakefal.scenario.templates.templates import TemplateValue

__tracebackhide__ = hide_frame

_TIMEOUT_SECONDS = 30.0
_MAX_ERRORS = 20

ReplyFunction = Callable[[CallRecord], Any]
"""A function that returns the reply to a call, sync or async."""


class Failure(Exception):
    """Raise it in a reply function to fail the call; takes the arguments of ``fail``.

    ``raise Failure("content_policy_violation")``, ``raise Failure(status=418, body={…})``.
    """

    def __init__(self, name: str | None = None, **fields: Any) -> None:
        super().__init__(name or fields)
        if (name is None) == (not fields):
            raise FakefalError(
                "Failure takes either a name or fields — for example Failure(status=500)"
            )
        self.fail = fields if name is None else name


class CallbackErrors:
    """Exceptions that callback functions raised, at most 20; each fails the test at its end."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []

    def record(self, error: BaseException) -> None:
        """Add an exception; beyond 20 it is dropped."""
        if len(self.errors) < _MAX_ERRORS:
            self.errors.append(error)


class CallAbandoned(asyncio.CancelledError):
    """The client has gone, as after a timeout, or the server stops: no mistake of the function."""


class GuardedPredicate:
    """A predicate that records its exceptions and then does not match.

    ``__wrapped__`` is the user's function, which error texts name.
    """

    def __init__(self, function: Callable[[Json], Any], callback_errors: CallbackErrors) -> None:
        self.__wrapped__ = function
        self.callback_errors = callback_errors

    def __call__(self, value: Json) -> bool:
        try:
            return bool(self.__wrapped__(value))
        except Exception as error:
            self.callback_errors.record(error)
            return False


def guard_pattern(value: Any, callback_errors: CallbackErrors) -> Any:
    """A copy of a pattern with each function as a GuardedPredicate."""
    if callable(value):
        return GuardedPredicate(value, callback_errors)
    if isinstance(value, dict):
        return {key: guard_pattern(inner, callback_errors) for key, inner in value.items()}
    if isinstance(value, list):
        return [guard_pattern(inner, callback_errors) for inner in value]
    return value


class CallbackRunner:
    """Runs a reply function in the context variables and the event loop where it was scripted.

    Sync functions run in a new thread, so they may block and may call the fake. Async ones run in
    the asyncio or trio loop of the test, or in a new loop if the test has none.
    """

    def __init__(self, function: ReplyFunction) -> None:
        self.function = function
        self._context = contextvars.copy_context()
        self._loop = _running_loop()
        self._trio = _trio_token()

    async def call(self, record: CallRecord) -> Any:
        """Return what the function returns, or raise what it raises.

        Raises FakefalError after 30 seconds.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def resolve(result: Any, error: BaseException | None) -> None:
            if not future.done():
                future.set_result((result, error))

        def run() -> None:
            result, error = None, None
            try:
                result = self._context.copy().run(self._run, record)
            except BaseException as raised:
                error = raised
            with suppress(RuntimeError):  # the server has ended meanwhile, and nobody waits
                loop.call_soon_threadsafe(resolve, result, error)

        threading.Thread(target=run, name="fakefal-reply", daemon=True).start()
        try:
            result, error = await asyncio.wait_for(future, _TIMEOUT_SECONDS)
        except asyncio.CancelledError:
            raise CallAbandoned from None
        except asyncio.TimeoutError:
            raise FakefalError(
                f"{function_name(self.function)} did not return within {_TIMEOUT_SECONDS:g}s — an "
                "async function runs in the test's event loop, which must not be blocked meanwhile"
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


def make_reply_factory(
    static_fields: dict[str, Any],
    kind: str,
    function: ReplyFunction,
    callback_errors: CallbackErrors,
) -> ReplyFactory:
    """A factory of replies whose ``kind`` (text, output, fail or any) the function returns.

    An exception of the function is recorded, and its call is answered with a 500.
    """
    runner = CallbackRunner(function)

    async def create_reply(call: Call, request_id: str, count: int) -> CompiledReply:
        record = CallRecord(
            call.endpoint.text, call.via, call.input, dict(call.headers), request_id, "", 0, count
        )
        try:
            value = await runner.call(record)
            return _compile_value(static_fields, kind, value, call, function)
        except Failure as failure:
            return _compile_failure(static_fields, failure.fail)
        except CallAbandoned:
            raise
        except BaseException as error:
            callback_errors.record(error)
            detail = f"fakefal: {function_name(function)} raised {type(error).__name__}: {error}"
            return _compile_failure({}, {"status": 500, "body": {"detail": detail}})

    return create_reply


def _compile_value(
    static_fields: dict[str, Any], kind: str, value: Any, call: Call, function: ReplyFunction
) -> CompiledReply:
    """Compile a function's return value; raises FakefalError for one that is not valid."""
    if kind == "fail":
        return _compile(static_fields) if value is None else _compile_failure(static_fields, value)
    _check_json(value, function)
    if kind == "text" and not isinstance(value, str):
        raise FakefalError(
            f"{function_name(function)} returned {quote(value)} — text must be a string"
        )
    if kind == "text" or (
        kind == "any" and isinstance(value, str) and call.endpoint.llm_api is not None
    ):
        return replace(_compile({**static_fields, "text": ""}), text=TemplateValue(value, True))
    if any(references_in(value)):
        return _compile({**static_fields, "output": value})
    return replace(_compile({**static_fields, "output": None}), output=TemplateValue(value, True))


def _compile_failure(static_fields: dict[str, Any], fail: Any) -> CompiledReply:
    return _compile({**static_fields, "fail": fail})


def _compile(reply: dict[str, Any]) -> CompiledReply:
    exchange = build_exchange({"reply": reply})
    assert exchange.reply is not None
    return compile_reply(exchange.reply, ("reply",), read_assets({"reply": reply}, "on(…)"))


def _check_json(value: Any, function: ReplyFunction) -> None:
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise FakefalError(
            f"{function_name(function)} returned a value that is not JSON: {error}"
        ) from None


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
