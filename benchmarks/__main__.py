"""``python -m benchmarks``: every figure of benchmarks/README.md, worst first."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable

from benchmarks import report, serving, starts, user_tests
from benchmarks.calls import calls
from benchmarks.load import generator
from benchmarks.report import Figure, Missing
from benchmarks.servers import PEER, PEER_VERSION

Family = Callable[[], Iterable[Figure | Missing]]


def families(is_quick: bool, has_peer: bool) -> dict[str, Family]:
    """What can be measured, by name."""
    effort = serving.QUICK if is_quick else serving.FULL
    test_effort = user_tests.QUICK if is_quick else user_tests.FULL
    return {
        "calls": calls,
        "starts": lambda: starts.starts(rounds=1 if is_quick else 5),
        "tests": lambda: user_tests.user_tests(test_effort),
        "serving": lambda: serving.serving(effort, has_peer),
        "growth": lambda: serving.growth(effort),
    }


def measure(chosen: dict[str, Family], runs: int) -> tuple[list[Figure], list[Missing]]:
    """All figures; a family that fails is missing, and the others are measured all the same."""
    figures: list[Figure] = []
    missing: list[Missing] = []
    for number in range(1, runs + 1):
        for name, family in chosen.items():
            print(f"run {number} of {runs}: {name}", file=sys.stderr, flush=True)
            try:
                for found in family():
                    if isinstance(found, Missing):
                        missing.append(found)
                    else:
                        figures.append(found)
                        print(f"  {found}", file=sys.stderr, flush=True)
            except (AssertionError, OSError, RuntimeError) as error:
                missing.append(Missing(name, " ".join(f"{type(error).__name__}: {error}".split())))
    return figures, missing


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = list(families(is_quick=False, has_peer=False))
    parser.add_argument("family", nargs="*", help=f"only these: {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="one short run, less than a minute")
    parser.add_argument("--runs", type=int, default=3, help="default: 3")
    parser.add_argument("--peer", action="store_true", help=f"beside {PEER} too; needs npm")
    parser.add_argument("--write", action="store_true", help="write the table to the README")
    given = parser.parse_args()
    if unknown := set(given.family) - {*names}:
        parser.error(f"unknown: {', '.join(unknown)}; choose from {', '.join(names)}")
    if given.write and (given.quick or given.family):
        parser.error("--write needs a full run, without --quick and without names")
    return given


def main() -> None:
    """Measure, print, and write if told to."""
    if sys.platform != "linux":
        raise SystemExit("the CPU time of other processes is read from /proc, which Linux has")
    given = arguments()
    runs = 1 if given.quick else given.runs
    chosen = families(given.quick, given.peer)
    figures, missing = measure(
        {name: it for name, it in chosen.items() if name in (given.family or chosen)}, runs
    )
    peer = f"aimock {PEER_VERSION}" if given.peer else ""
    load = f"load by {generator()}; {os.cpu_count()} cores, load average {os.getloadavg()[1]:.1f}"
    text = report.table(report.summarize(figures), missing, report.heading(runs, load, peer))
    print(text)
    if given.write:
        report.write(text)


if __name__ == "__main__":
    main()
