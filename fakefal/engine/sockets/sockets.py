"""The WebSockets of a tenant: their opening, their scripts, and what they are closed by."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fakefal.engine.calls.resolver import Answer
from fakefal.engine.core.request_ids import uuid7
from fakefal.engine.sockets.script_runner import Dialogue
from fakefal.protocol.core.call import Call, Json
from fakefal.protocol.errors.errors import WireError, too_many
from fakefal.protocol.errors.fault import Interrupted, Trouble
from fakefal.protocol.llm.endpoints import variant_of
from fakefal.protocol.websocket.realtime import IDLE_SECONDS
from fakefal.scenario.compiled.environment import USUAL_APP
from fakefal.scenario.model.sockets import RealtimeApp
from fakefal.scenario.render.outcome import stream_events, variables_of
from fakefal.scenario.templates.templates import TemplateError
from fakefal.scenario.values.seeded import digest, generated_seconds

if TYPE_CHECKING:
    from fakefal.engine.tenant import Tenant
    from fakefal.scenario.compiled.exchange import Entry

_USUAL = RealtimeApp()


class Sockets:
    """Opens sockets and keeps those that are open; ``bound`` is how many may be at a time."""

    def __init__(self, tenant: Tenant, bound: int) -> None:
        self._tenant = tenant
        self._bound = bound
        self._open: set[Callable[[], None]] = set()
        self._opened = 0

    # Opening and closing

    def knock(self, call: Call) -> Trouble | None:
        """What a handshake meets: account, app, faults of every one and of the exchanges.

        Raises Interrupted for one that is refused, or breaks, before the socket is open. The
        exchanges are those that may answer a call on it, whatever its input.
        """
        tenant = self._tenant
        if len(self._open) >= self._bound:
            raise too_many(self._bound)
        trouble = None
        if tenant.troubles.world is not None:
            trouble = tenant.troubles.meet("connect", call.endpoint, call.endpoint.text)
        if trouble is None:
            trouble = self._of_exchanges(call)
        if trouble is not None and not trouble.is_performed:
            now = tenant.clock.now()
            tenant.journal.write(now, "refused", call, "", trouble.code, "", "socket", trouble)
            raise Interrupted(trouble, self.some_id(call))
        return trouble

    def _of_exchanges(self, call: Call) -> Trouble | None:
        """The next fault of the first exchange that has any for a handshake."""
        answering = self._tenant.answering
        for entry in self._entries():
            plan = entry.plan(answering.used.get(entry, 0))
            turns = None if plan.faults is None else plan.faults.get("connect")
            if turns is None or answering.is_used_up(entry) or not entry.condition.admits(call):
                continue
            return self._tenant.troubles.turn(turns, call.endpoint, "connect", entry, id(plan))
        return None

    def admit(self, end: Callable[[], None], call: Call, trouble: Trouble | None) -> None:
        """Count an open socket; ``end`` is called when the tenant is replaced."""
        self._open.add(end)
        now = self._tenant.clock.now()
        self._tenant.journal.write(now, "socket", call, "", 101, "", "opened", trouble)

    def release(self, end: Callable[[], None]) -> None:
        """Forget a socket that is closed."""
        self._open.discard(end)

    def closed(self, call: Call, how: str) -> None:
        """Note how a socket ended."""
        self._tenant.note("socket", 101, how, call)

    def close(self) -> None:
        """End all sockets: another tenant took the place of this one."""
        for end in list(self._open):
            end()

    def __len__(self) -> int:
        return len(self._open)

    def some_id(self, call: Call) -> str:
        """A request id for what no exchange was asked about."""
        self._opened += 1
        seed = str(self._tenant.terms.seed)
        print_ = digest("socket", seed, call.via, call.endpoint.text, str(self._opened))
        return uuid7(int.from_bytes(print_[:16], "big"))

    # Scripts

    def has_script(self, call: Call, ending: str) -> bool:
        """Whether an exchange that names a path with this ending has a script for a socket."""
        entry = self._tenant.answering.entry_for(call)
        if entry is None:
            return False
        named = entry.exchange.when.endpoint or ""
        if not any(it.endswith(ending) for it in ([named] if isinstance(named, str) else named)):
            return False
        return entry.plan(self._tenant.answering.used.get(entry, 0)).script is not None

    def script(self, call: Call, *, refuses: bool) -> Dialogue | None:
        """The script that a socket of an app's own follows; None if no exchange has one.

        Raises WireError where the exchange is a failure, where ``refuses`` lets it be refused.
        """
        answering = self._tenant.answering
        entry = answering.entry_for(call)
        plan = None if entry is None else entry.plan(answering.used.get(entry, 0))
        if plan is None or (plan.script is None and (plan.fail is None or not refuses)):
            return None
        answer = answering.answer(call, None)
        if not answer.ending.outcome.is_success:
            raise answering.refusal(call, answer)
        now = self._tenant.clock.now()
        self._tenant.journal.write(
            now, "call", call, answer.request_id, 101, answer.label, answer.note, answer.trouble
        )
        return self.dialogue(call, answer)

    def miss(self, call: Call) -> WireError:
        """The refusal of a socket that no exchange has a script for."""
        return self._tenant.answering.missed(call)

    def may_answer(self, call: Call) -> bool:
        """Whether calls on a socket may be answered at all, whatever their input."""
        if self._tenant.terms.unmatched != "fail" and variant_of(call.endpoint) is not None:
            return True
        return any(entry.condition.admits(call) for entry in self._entries())

    def dialogue(self, call: Call, answer: Answer) -> Dialogue | None:
        """The script of an answer; None where it has none."""
        script = answer.plan.script
        if script is None:
            return None
        tenant = self._tenant

        def note(text: str) -> None:
            tenant.note("lint", 200, text, call)

        return Dialogue(script, call, answer, tenant.terms.seed, tenant.clock, note)

    def _entries(self) -> Iterator[Entry]:
        yield from self._tenant.own.entries
        yield from self._tenant.base.entries

    # Realtime

    def way(self, call: Call) -> RealtimeApp:
        """How an app holds its sessions."""
        world = self._tenant.troubles.world
        app = USUAL_APP if world is None or not world.apps else world.app(call.endpoint)
        return app.realtime or _USUAL

    @staticmethod
    def idle_seconds(way: RealtimeApp) -> float:
        """How long an app waits for an input."""
        return IDLE_SECONDS if way.timeout is None else way.timeout

    def outputs(self, call: Call, answer: Answer) -> Iterator[Json]:
        """What an input brings: the output, or all that the reply lists as events.

        Raises WireError where they cannot be rendered.
        """
        if answer.plan.pacing.events is None:
            yield answer.ending.outcome.body
            return
        terms = self._tenant.terms
        variables = variables_of(call, answer.request_id, answer.count, terms.seed)
        events = stream_events(answer.plan, answer.ending, variables, terms.switches)
        if answer.placing is not None:
            events = answer.placing.events(events)
        try:
            yield from events
        except TemplateError as error:
            raise self._tenant.answering.template_failed(
                error, call, answer.label, answer.place
            ) from None


def seconds_of(answer: Answer) -> float:
    """How long an answer took: as the reply says, or a plausible time that follows from its id."""
    plan = answer.plan
    for told in (plan.timing_seconds, plan.inference_seconds, plan.run_seconds):
        if told and told < math.inf:
            return told
    return generated_seconds(answer.request_id)
