"""Lifecycles, runs and streams beside other servers, and how they grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from benchmarks import servers
from benchmarks.load import Sample, measure, repeat
from benchmarks.report import Figure
from benchmarks.servers import Server
from benchmarks.workloads import CHATS, LIFECYCLES, RUNS, STREAMS

Start = Callable[[], AbstractContextManager[Server]]
Samples = dict[str, list[Sample]]

FAKEFAL, BARE, PRINTING, PEER = "fakefal", "bare", "printing", "aimock"


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    rounds: int
    seconds: float
    warm_up_seconds: float  # of the server's CPU
    late_lifecycles: int


FULL = Effort(rounds=6, seconds=0.5, warm_up_seconds=1.0, late_lifecycles=100_000)
QUICK = Effort(rounds=3, seconds=0.25, warm_up_seconds=0.2, late_lifecycles=5_000)


def serving(effort: Effort, has_peer: bool) -> Iterator[Figure]:
    """fakefal beside a bare application, beside itself printing, and beside the peer."""
    starts: dict[str, Start] = {
        FAKEFAL: servers.fakefal,
        BARE: servers.bare,
        PRINTING: lambda: servers.fakefal(is_quiet=False),
    }
    if has_peer:
        starts[PEER] = servers.peer
    with ExitStack() as stack:
        running = {name: stack.enter_context(start()) for name, start in starts.items()}
        lifecycles = _in_turn(running, LIFECYCLES, effort)
        yield _faster("queue lifecycles, of bare", lifecycles, FAKEFAL, BARE, 1.1)
        yield _faster("lifecycles, printed, of --quiet", lifecycles, PRINTING, FAKEFAL, 0.95)
        runs = _in_turn(running, RUNS, effort)
        yield _faster("direct runs, of bare", runs, FAKEFAL, BARE, 0.95)
        yield _faster("direct runs, printed, of --quiet", runs, PRINTING, FAKEFAL, 0.9)
        quiet = {name: server for name, server in running.items() if name != PRINTING}
        streams = _in_turn(quiet, STREAMS, effort)
        yield _faster("stream events, of bare", streams, FAKEFAL, BARE, 1.31)
        if has_peer:
            yield _faster("queue lifecycles, of aimock", lifecycles, FAKEFAL, PEER, 2.1)
            yield _faster("direct runs, of aimock", runs, FAKEFAL, PEER, 2.1)
            chats = _in_turn(quiet, CHATS, effort)
            yield _faster("chat events, of aimock", chats, FAKEFAL, PEER, 1.0)
            mixed = {FAKEFAL: streams[FAKEFAL], PEER: chats[PEER]}
            yield _faster("stream events, of aimock's chat events", mixed, FAKEFAL, PEER, 1.33)


def growth(effort: Effort) -> Iterator[Figure]:
    """What many exchanges and many jobs cost."""
    with servers.fakefal(500) as many, servers.fakefal(5) as few:
        runs = _in_turn({"500": many, "5": few}, RUNS, effort)
    yield _slower("time of a run, 500 exchanges against 5", runs["500"], runs["5"])
    with servers.fakefal() as old, servers.fakefal() as new:
        repeat(old, effort.late_lifecycles)
        repeat(new, 1_000)
        megabytes = old.memory_megabytes(), new.memory_megabytes()
        pairs = [(repeat(old, 500), repeat(new, 500)) for _ in range(2 * effort.rounds)]
    late, early = ([*samples] for samples in zip(*pairs, strict=True))
    against = f"after {effort.late_lifecycles:,} lifecycles against after 1,000"
    yield _slower(f"time of a lifecycle, {against}", late, early)
    detail = f"{megabytes[0]:.0f} MB; {megabytes[1]:.0f} MB"
    yield Figure(f"memory, {against}", megabytes[0] / megabytes[1], 1.2, detail=detail)


def _in_turn(running: dict[str, Server], kind: str, effort: Effort) -> Samples:
    """Samples of the servers that know a kind, measured in turn; rates are of events in streams."""
    able = {name: server for name, server in running.items() if kind in server.requests}
    events = {name: server.check(kind) or 1 for name, server in able.items()}
    for server in able.values():
        until = server.cpu_seconds() + effort.warm_up_seconds
        while server.cpu_seconds() < until:
            measure(server, kind, min(effort.seconds, 0.5))
    found: Samples = {name: [] for name in able}
    for _ in range(effort.rounds):
        for name, server in able.items():
            sample = measure(server, kind, effort.seconds)
            found[name].append(Sample(sample.rate * events[name], sample.cpu / events[name]))
    return found


def _faster(name: str, samples: Samples, ours: str, theirs: str, target: float) -> Figure:
    """How many operations one server does while the other does one, by CPU time."""
    own, other = _best(samples[ours]), _best(samples[theirs])
    detail = _detail(own, other, own.rate / other.rate)
    return Figure(name, other.cpu / own.cpu, target, at_least=True, detail=detail)


def _slower(name: str, ours: list[Sample], theirs: list[Sample]) -> Figure:
    """How much CPU time one operation takes against another."""
    own, other = _best(ours), _best(theirs)
    detail = _detail(own, other, other.rate / own.rate)
    return Figure(name, own.cpu / other.cpu, 1.1, detail=detail)


def _best(samples: list[Sample]) -> Sample:
    """The least disturbed: other programs make nothing faster."""
    return Sample(max(it.rate for it in samples), min(it.cpu for it in samples))


def _detail(own: Sample, other: Sample, by_rate: float) -> str:
    ours, theirs = (f"{it.rate:,.0f}/s, {_micro(it.cpu)}" for it in (own, other))
    return f"{ours}; {theirs}; by rate {by_rate:.2f}"


def _micro(seconds: float) -> str:
    micro = seconds * 1e6
    return f"{micro:.1f} µs" if micro < 10 else f"{micro:.0f} µs"
