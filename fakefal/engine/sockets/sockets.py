"""The WebSockets of a tenant: handshakes, scripts and realtime outputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from fakefal.engine.calls.resolver import Resolution
from fakefal.engine.core.request_ids import uuid7
from fakefal.engine.sockets.script_runner import ScriptRunner
from fakefal.protocol.core.call import Call, Json
from fakefal.protocol.errors.errors import ApiError, concurrency_limit_reached
from fakefal.protocol.errors.fault import Fault, FaultAbort
from fakefal.protocol.websocket.realtime import IDLE_SECONDS
from fakefal.scenario.render.outcome import stream_events, template_variables
from fakefal.scenario.templates.templates import TemplateError
from fakefal.scenario.values.seeded import digest, seeded_inference_seconds

if TYPE_CHECKING:
    from fakefal.engine.calls.faults import FaultInjector
    from fakefal.engine.calls.resolver import CallResolver
    from fakefal.engine.core.clock import Clock
    from fakefal.engine.core.journal import Journal
    from fakefal.scenario.compiled.exchange import CompiledExchange
    from fakefal.scenario.model.sockets import RealtimeApp


@cache
def _default_realtime_app() -> RealtimeApp:
    from fakefal.scenario.model.sockets import RealtimeApp  # pulls in pydantic

    return RealtimeApp()


class Sockets:
    """Opens the sockets of a tenant, at most ``max_open`` at the same time."""

    def __init__(
        self,
        resolver: CallResolver,
        faults: FaultInjector,
        clock: Clock,
        journal: Journal,
        max_open: int,
    ) -> None:
        self._resolver = resolver
        self._faults = faults
        self._clock = clock
        self._journal = journal
        self._max_open = max_open
        self._open: set[Callable[[], None]] = set()
        self._issued_ids = 0

    # Opening and closing

    def check_handshake(self, call: Call) -> Fault | None:
        """The fault of a handshake: by account, app, the faults of all requests, or an exchange.

        Raises FaultAbort if the socket does not open. Exchanges count if they can match a call on
        the socket, whatever its input.
        """
        if len(self._open) >= self._max_open:
            raise concurrency_limit_reached(self._max_open)
        fault = None
        if self._faults.environment is not None:
            fault = self._faults.next_fault("connect", call.endpoint, call.endpoint.text)
        if fault is None:
            fault = self._exchange_fault(call)
        if fault is not None and not fault.is_performed:
            now, status = self._clock.now(), fault.journal_status
            self._journal.write(now, "refused", call, "", status, "", "socket", fault)
            raise FaultAbort(fault, self.new_request_id(call))
        return fault

    def _exchange_fault(self, call: Call) -> Fault | None:
        """The next fault of the first exchange that has faults of handshakes."""
        resolver = self._resolver
        for exchange in self._exchanges():
            reply = resolver.next_reply(exchange)
            sequence = None if reply.faults is None else reply.faults.get("connect")
            if sequence is None or resolver.is_used_up(exchange):
                continue
            if exchange.condition.matches_ignoring_input(call):
                owner = ("connect", exchange, id(reply))
                return self._faults.next_in_sequence(sequence, call.endpoint, *owner)
        return None

    def admit(self, close_socket: Callable[[], None], call: Call, fault: Fault | None) -> None:
        """Count an open socket; ``close_socket`` is called when the tenant is replaced."""
        self._open.add(close_socket)
        self._journal.write(self._clock.now(), "socket", call, "", 101, "", "opened", fault)

    def release(self, close_socket: Callable[[], None]) -> None:
        """Stop counting a closed socket."""
        self._open.discard(close_socket)

    def record_close(self, call: Call, how: str) -> None:
        """Journal how a socket was closed."""
        self._journal.write(self._clock.now(), "socket", call, "", 101, "", how)

    def close(self) -> None:
        """Close all sockets: the tenant was replaced or dropped."""
        for close_socket in list(self._open):
            close_socket()

    def __len__(self) -> int:
        return len(self._open)

    def new_request_id(self, call: Call) -> str:
        """A request id for a session or a rejection, which no exchange counts."""
        self._issued_ids += 1
        seed = str(self._resolver.settings.seed)
        fingerprint = digest("socket", seed, call.via, call.endpoint.text, str(self._issued_ids))
        return uuid7(int.from_bytes(fingerprint[:16], "big"))

    # Scripts

    def has_script(self, call: Call, suffix: str) -> bool:
        """Whether the exchange of a call has a script and names a path with this suffix."""
        exchange = self._resolver.exchange_for(call)
        if exchange is None:
            return False
        patterns = exchange.model.when.endpoint or ""
        patterns = [patterns] if isinstance(patterns, str) else patterns
        if not any(pattern.endswith(suffix) for pattern in patterns):
            return False
        return self._resolver.next_reply(exchange).script is not None

    def open_script(self, call: Call, *, may_reject: bool) -> ScriptRunner | None:
        """Start the script of an app's own socket; None if no exchange has a script.

        Raises ApiError for an exchange that fails, if ``may_reject``.
        """
        resolver = self._resolver
        exchange = resolver.exchange_for(call)
        reply = None if exchange is None else resolver.next_reply(exchange)
        if reply is None or (reply.script is None and (reply.fail is None or not may_reject)):
            return None
        resolution = resolver.resolve(call, None)
        if not resolution.rendered.outcome.is_success:
            raise resolver.immediate_failure(call, resolution)
        request_id, label = resolution.request_id, resolution.label
        note, fault = resolution.note, resolution.fault
        self._journal.write(self._clock.now(), "call", call, request_id, 101, label, note, fault)
        return self.script_runner(call, resolution)

    def miss(self, call: Call) -> ApiError:
        """The 404 of a socket for which no exchange has a script."""
        return self._resolver.miss(call)

    def may_answer(self, call: Call) -> bool:
        """Whether a call on the socket can match an exchange, whatever its input."""
        is_generated = self._resolver.settings.unmatched != "fail"
        if is_generated and call.endpoint.llm_api is not None:
            return True
        return any(
            exchange.condition.matches_ignoring_input(call) for exchange in self._exchanges()
        )

    def script_runner(self, call: Call, resolution: Resolution) -> ScriptRunner | None:
        """The runner of a reply's script; None if it has no script."""
        script = resolution.reply.script
        if script is None:
            return None

        def note(text: str) -> None:
            self._journal.write(self._clock.now(), "lint", call, "", 200, "", text)

        seed = self._resolver.settings.seed
        return ScriptRunner(script, call, resolution, seed, self._clock, note)

    def _exchanges(self) -> Iterator[CompiledExchange]:
        yield from self._resolver.own_index.exchanges
        yield from self._resolver.base_index.exchanges

    # Realtime

    def realtime_app(self, call: Call) -> RealtimeApp:
        """The realtime settings of the app of a call."""
        return self._faults.app_of(call.endpoint).realtime or _default_realtime_app()

    @staticmethod
    def idle_seconds(realtime_app: RealtimeApp) -> float:
        """How long an app waits for an input before it closes the session."""
        return IDLE_SECONDS if realtime_app.timeout is None else realtime_app.timeout

    def outputs(self, call: Call, resolution: Resolution) -> Iterator[Json]:
        """The outputs for an input: the one output of the reply, or all its stream events.

        Raises ApiError if they cannot be rendered.
        """
        if resolution.reply.pacing.events is None:
            yield resolution.rendered.outcome.body
            return
        settings = self._resolver.settings
        variables = template_variables(call, resolution.request_id, resolution.count, settings.seed)
        events = stream_events(resolution.reply, resolution.rendered, variables, settings.flags)
        if resolution.file_refs is not None:
            events = resolution.file_refs.resolve_events(events)
        try:
            yield from events
        except TemplateError as error:
            label, location = resolution.label, resolution.location
            raise self._resolver.template_error(error, call, label, location) from None


def seconds_of(resolution: Resolution) -> float:
    """The inference time of a reply: scripted, or derived from the request id."""
    reply = resolution.reply
    for seconds in (reply.timing_seconds, reply.inference_seconds, reply.run_seconds):
        if seconds and seconds < math.inf:
            return seconds
    return seeded_inference_seconds(resolution.request_id)
