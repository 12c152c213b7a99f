"""The WebSockets of a tenant: their opening, their scripts, and what they are closed by."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fakefal.engine.calls.resolver import Resolution
from fakefal.engine.core.request_ids import uuid7
from fakefal.engine.sockets.script_runner import ScriptRunner
from fakefal.protocol.core.call import Call, Json
from fakefal.protocol.errors.errors import ApiError, concurrency_limit_reached
from fakefal.protocol.errors.fault import Fault, FaultAbort
from fakefal.protocol.llm.endpoints import llm_api_of
from fakefal.protocol.websocket.realtime import IDLE_SECONDS
from fakefal.scenario.compiled.environment import DEFAULT_APP
from fakefal.scenario.model.sockets import RealtimeApp
from fakefal.scenario.render.outcome import stream_events, template_variables
from fakefal.scenario.templates.templates import TemplateError
from fakefal.scenario.values.seeded import digest, seeded_inference_seconds

if TYPE_CHECKING:
    from fakefal.engine.tenant import Tenant
    from fakefal.scenario.compiled.exchange import CompiledExchange

_DEFAULT_REALTIME_APP = RealtimeApp()


class Sockets:
    """Opens sockets and keeps those that are open; ``bound`` is how many may be at a time."""

    def __init__(self, tenant: Tenant, max_open: int) -> None:
        self._tenant = tenant
        self._max_open = max_open
        self._open: set[Callable[[], None]] = set()
        self._issued_ids = 0

    # Opening and closing

    def check_handshake(self, call: Call) -> Fault | None:
        """What a handshake meets: account, app, faults of every one and of the exchanges.

        Raises Interrupted for one that is refused, or breaks, before the socket is open. The
        exchanges are those that may answer a call on it, whatever its input.
        """
        tenant = self._tenant
        if len(self._open) >= self._max_open:
            raise concurrency_limit_reached(self._max_open)
        fault = None
        if tenant.faults.environment is not None:
            fault = tenant.faults.next_fault("connect", call.endpoint, call.endpoint.text)
        if fault is None:
            fault = self._exchange_fault(call)
        if fault is not None and not fault.is_performed:
            now = tenant.clock.now()
            tenant.journal.write(
                now, "refused", call, "", fault.journal_status, "", "socket", fault
            )
            raise FaultAbort(fault, self.new_request_id(call))
        return fault

    def _exchange_fault(self, call: Call) -> Fault | None:
        """The next fault of the first exchange that has any for a handshake."""
        resolver = self._tenant.resolver
        for exchange in self._exchanges():
            reply = exchange.reply_for(resolver.use_counts.get(exchange, 0))
            sequence = None if reply.faults is None else reply.faults.get("connect")
            if (
                sequence is None
                or resolver.is_used_up(exchange)
                or not exchange.condition.matches_ignoring_input(call)
            ):
                continue
            return self._tenant.faults.next_in_sequence(
                sequence, call.endpoint, "connect", exchange, id(reply)
            )
        return None

    def admit(self, close_socket: Callable[[], None], call: Call, fault: Fault | None) -> None:
        """Count an open socket; ``end`` is called when the tenant is replaced."""
        self._open.add(close_socket)
        now = self._tenant.clock.now()
        self._tenant.journal.write(now, "socket", call, "", 101, "", "opened", fault)

    def release(self, close_socket: Callable[[], None]) -> None:
        """Forget a socket that is closed."""
        self._open.discard(close_socket)

    def record_close(self, call: Call, how: str) -> None:
        """Note how a socket ended."""
        self._tenant.record("socket", 101, how, call)

    def close(self) -> None:
        """End all sockets: another tenant took the place of this one."""
        for close_socket in list(self._open):
            close_socket()

    def __len__(self) -> int:
        return len(self._open)

    def new_request_id(self, call: Call) -> str:
        """A request id for what no exchange was asked about."""
        self._issued_ids += 1
        seed = str(self._tenant.settings.seed)
        fingerprint = digest("socket", seed, call.via, call.endpoint.text, str(self._issued_ids))
        return uuid7(int.from_bytes(fingerprint[:16], "big"))

    # Scripts

    def has_script(self, call: Call, suffix: str) -> bool:
        """Whether an exchange that names a path with this ending has a script for a socket."""
        exchange = self._tenant.resolver.exchange_for(call)
        if exchange is None:
            return False
        endpoints = exchange.model.when.endpoint or ""
        if not any(
            endpoint.endswith(suffix)
            for endpoint in ([endpoints] if isinstance(endpoints, str) else endpoints)
        ):
            return False
        return (
            exchange.reply_for(self._tenant.resolver.use_counts.get(exchange, 0)).script is not None
        )

    def open_script(self, call: Call, *, may_reject: bool) -> ScriptRunner | None:
        """The script that a socket of an app's own follows; None if no exchange has one.

        Raises WireError where the exchange is a failure, where ``refuses`` lets it be refused.
        """
        resolver = self._tenant.resolver
        exchange = resolver.exchange_for(call)
        reply = (
            None if exchange is None else exchange.reply_for(resolver.use_counts.get(exchange, 0))
        )
        if reply is None or (reply.script is None and (reply.fail is None or not may_reject)):
            return None
        resolution = resolver.resolve(call, None)
        if not resolution.rendered.outcome.is_success:
            raise resolver.immediate_failure(call, resolution)
        now = self._tenant.clock.now()
        self._tenant.journal.write(
            now,
            "call",
            call,
            resolution.request_id,
            101,
            resolution.label,
            resolution.note,
            resolution.fault,
        )
        return self.script_runner(call, resolution)

    def miss(self, call: Call) -> ApiError:
        """The refusal of a socket that no exchange has a script for."""
        return self._tenant.resolver.miss(call)

    def may_answer(self, call: Call) -> bool:
        """Whether calls on a socket may be answered at all, whatever their input."""
        if self._tenant.settings.unmatched != "fail" and llm_api_of(call.endpoint) is not None:
            return True
        return any(
            exchange.condition.matches_ignoring_input(call) for exchange in self._exchanges()
        )

    def script_runner(self, call: Call, resolution: Resolution) -> ScriptRunner | None:
        """The script of an answer; None where it has none."""
        script = resolution.reply.script
        if script is None:
            return None
        tenant = self._tenant

        def note(text: str) -> None:
            tenant.record("lint", 200, text, call)

        return ScriptRunner(script, call, resolution, tenant.settings.seed, tenant.clock, note)

    def _exchanges(self) -> Iterator[CompiledExchange]:
        yield from self._tenant.own_index.exchanges
        yield from self._tenant.base_index.exchanges

    # Realtime

    def realtime_app(self, call: Call) -> RealtimeApp:
        """How an app holds its sessions."""
        environment = self._tenant.faults.environment
        app = (
            DEFAULT_APP
            if environment is None or not environment.apps
            else environment.app_of(call.endpoint)
        )
        return app.realtime or _DEFAULT_REALTIME_APP

    @staticmethod
    def idle_seconds(realtime_app: RealtimeApp) -> float:
        """How long an app waits for an input."""
        return IDLE_SECONDS if realtime_app.timeout is None else realtime_app.timeout

    def outputs(self, call: Call, resolution: Resolution) -> Iterator[Json]:
        """What an input brings: the output, or all that the reply lists as events.

        Raises WireError where they cannot be rendered.
        """
        if resolution.reply.pacing.events is None:
            yield resolution.rendered.outcome.body
            return
        settings = self._tenant.settings
        variables = template_variables(call, resolution.request_id, resolution.count, settings.seed)
        events = stream_events(resolution.reply, resolution.rendered, variables, settings.flags)
        if resolution.file_refs is not None:
            events = resolution.file_refs.resolve_events(events)
        try:
            yield from events
        except TemplateError as error:
            raise self._tenant.resolver.template_error(
                error, call, resolution.label, resolution.location
            ) from None


def seconds_of(resolution: Resolution) -> float:
    """How long an answer took: as the reply says, or a plausible time that follows from its id."""
    reply = resolution.reply
    for seconds in (reply.timing_seconds, reply.inference_seconds, reply.run_seconds):
        if seconds and seconds < math.inf:
            return seconds
    return seeded_inference_seconds(resolution.request_id)
