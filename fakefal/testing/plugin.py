"""The pytest plugin. Heavy modules are imported in the fixtures, as every run loads this one."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fakefal.server.thread import ThreadedFakeFal
    from fakefal.testing.factory import Factory
    from fakefal.testing.fixture import Fake
    from fakefal.testing.receiver import Receiver

_CONFIGURED = pytest.StashKey[dict[str, Any]]()
_FACTORY = pytest.StashKey["Factory"]()
_FAILED = pytest.StashKey[bool]()
_REPORT = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The flags ``--fakefal-…`` and the ini options ``fakefal_…``."""
    from fakefal.testing.config import markers

    markers.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Read them, and make the marker known."""
    from fakefal.testing.config import markers

    markers.register(config)
    config.stash[_CONFIGURED] = markers.configured(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give marked tests the fixture, and refuse markers that are wrong."""
    from fakefal.testing.config import markers

    markers.check_marks(items)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what happened on the fake where a test failed."""
    report = yield
    if report.failed and (factory := item.config.stash.get(_FACTORY, None)) is not None:
        item.stash[_FAILED] = True
        told = item.stash.get(_REPORT, "")
        if not told and item.config.stash[_CONFIGURED]["report"]:
            from fakefal.testing.report import report_of

            told = "\n".join(report_of(fake, item) for fake in factory.active)
        if told:
            report.sections.append(("fakefal", told))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was recorded, in other processes too."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "teardown":
                for name, told in getattr(report, "user_properties", ()):
                    if name == "fakefal":
                        terminalreporter.write_line(f"fakefal: {told}")


@pytest.fixture(scope="session")
def fakefal_server() -> Iterator[ThreadedFakeFal]:
    """One fake fal for this process, on a free port, in a thread of its own."""
    from fakefal.server.server import FakeFal
    from fakefal.server.thread import ThreadedFakeFal

    server = ThreadedFakeFal(FakeFal(unmatched="fail", clock="instant", keep_alive=False))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def fakefal_factory(
    request: pytest.FixtureRequest, fakefal_server: ThreadedFakeFal
) -> Iterator[Factory]:
    """Makes fakes for fixtures of any scope: ``with fakefal_factory(clock="manual") as fake:``.

    It takes what the marker takes. The fake begun last gets the calls of the process.
    """
    from fakefal.testing.factory import Factory

    factory = Factory(fakefal_server, request.config.stash[_CONFIGURED])
    request.config.stash[_FACTORY] = factory
    yield factory
    del request.config.stash[_FACTORY]
    factory.close()


@pytest.fixture
def fakefal_clock(request: pytest.FixtureRequest) -> str:
    """The clock of a test: ``instant`` waits for nobody. Override it for ``manual`` or ``real``."""
    return str(request.config.stash[_CONFIGURED]["clock"])


@pytest.fixture
def fakefal_scenario(request: pytest.FixtureRequest) -> Any:
    """The scenarios that a fake begins with: paths, dicts, or a list of them. For overriding."""
    return request.config.stash[_CONFIGURED]["scenario"]


@pytest.fixture
def fakefal_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The options that a fake begins with, as under ``options`` of a file. For overriding."""
    return dict(request.config.stash[_CONFIGURED]["options"])


@pytest.fixture
def fakefal_key(request: pytest.FixtureRequest) -> str:
    """The key of a test: ``FAL_KEY`` holds it, and it leads to the test's fake. For overriding."""
    from fakefal.scenario.values.seeded import digest

    return f"fakefal:{digest(request.node.nodeid).hex()[:20]}"


@pytest.fixture
def fakefal(
    request: pytest.FixtureRequest,
    fakefal_factory: Factory,
    fakefal_clock: str,
    fakefal_scenario: Any,
    fakefal_options: dict[str, Any],
    fakefal_key: str,
) -> Iterator[Fake]:
    """A fake fal of the test's own; what this process says to fal reaches it.

    A call that no exchange matches fails the test at its end.
    """
    from fakefal.errors import FakefalError, SettingError

    item = request.node
    told = _told(item, fakefal_clock, fakefal_scenario, fakefal_options)
    fake, wrong = None, ""
    try:
        fake = fakefal_factory.begin(fakefal_key, told)
    except SettingError:
        raise  # of a fixture that was overridden: there the traceback helps
    except FakefalError as error:
        wrong = str(error)
    if fake is None:
        pytest.fail(wrong, pytrace=False)
    yield fake

    def show() -> None:
        if told.values["report"] and not has_failed:
            from fakefal.testing.report import report_of

            item.stash[_REPORT] = report_of(fake, item)

    has_failed = item.stash.get(_FAILED, False)
    findings = fakefal_factory.end(fake, told, has_failed=has_failed, on_failure=show)
    __tracebackhide__ = bool(findings.raised)  # there the traceback of the test's function counts
    if fake.tape is not None and fake.tape.told:
        item.user_properties.append(("fakefal", fake.tape.told))
    _tell(item, findings)


def _told(item: pytest.Item, clock: str, scenario: Any, options: dict[str, Any]) -> Any:
    """What holds for a test: by its markers, its fixtures, and the settings of the run."""
    from fakefal.testing.config import markers

    told = markers.told_by_marks(item)
    configured = item.config.stash[_CONFIGURED]
    told.values = {
        **configured,
        "clock": clock,
        **told.values,
        "options": {**options, **told.values.get("options", {})},
    }
    shared = scenario if isinstance(scenario, (list, tuple)) else [scenario]
    told.scenarios += [(markers.beside(item, one), False) for one in shared]
    if item.config.getoption("fakefal_record") or told.values["record"]:
        markers.place_recording(item, told)
    return told


def _tell(item: pytest.Item, findings: Any) -> None:
    """Raise what the test's functions raised, warn, and fail."""
    __tracebackhide__ = bool(findings.raised)
    if findings.raised:
        raise findings.raised[0]
    if findings.errors:
        pytest.fail("\n".join(findings.errors), pytrace=False)
    if findings.warnings:
        from fakefal.testing.checks import FakefalWarning

        for text in findings.warnings:
            item.warn(FakefalWarning(text))


@pytest.fixture
def fakefal_receiver(fakefal: Fake) -> Iterator[Receiver]:
    """A receiver of webhooks, checked as fal's docs say; give its ``url`` as the webhook's."""
    from fakefal.testing.receiver import Receiver

    jwks_url = f"{fakefal.base_url('rest.fal.ai')}/.well-known/jwks.json"
    with Receiver(jwks_url, fakefal.webhooks.now) as receiver:
        yield receiver
