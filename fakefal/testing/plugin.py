"""The pytest plugin. Heavy modules are imported in the fixtures, as every run loads this one."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fakefal.server.thread import ThreadedServer
    from fakefal.testing.factory import Factory
    from fakefal.testing.fixture import FakeFal
    from fakefal.testing.receiver import Receiver

_RUN_SETTINGS = pytest.StashKey[dict[str, Any]]()
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
    config.stash[_RUN_SETTINGS] = markers.read_config(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give marked tests the fixture, and refuse markers that are wrong."""
    from fakefal.testing.config import markers

    markers.check_markers(items)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what happened on the fake where a test failed."""
    report = yield
    if report.failed and (factory := item.config.stash.get(_FACTORY, None)) is not None:
        item.stash[_FAILED] = True
        section = item.stash.get(_REPORT, "")
        if not section and item.config.stash[_RUN_SETTINGS]["report"]:
            from fakefal.testing.report import format_report

            section = "\n".join(format_report(fake, item) for fake in factory.active)
        if section:
            report.sections.append(("fakefal", section))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was recorded, in other processes too."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "teardown":
                for name, text in getattr(report, "user_properties", ()):
                    if name == "fakefal":
                        terminalreporter.write_line(f"fakefal: {text}")


@pytest.fixture(scope="session")
def fakefal_server() -> Iterator[ThreadedServer]:
    """One fake fal for this process, on a free port, in a thread of its own."""
    from fakefal.server.server import FakeFalServer
    from fakefal.server.thread import ThreadedServer

    server = ThreadedServer(FakeFalServer(unmatched="fail", clock="instant", keep_alive=False))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def fakefal_factory(
    request: pytest.FixtureRequest, fakefal_server: ThreadedServer
) -> Iterator[Factory]:
    """Makes fakes for fixtures of any scope: ``with fakefal_factory(clock="manual") as fake:``.

    It takes what the marker takes. The fake begun last gets the calls of the process.
    """
    from fakefal.testing.factory import Factory

    factory = Factory(fakefal_server, request.config.stash[_RUN_SETTINGS])
    request.config.stash[_FACTORY] = factory
    yield factory
    del request.config.stash[_FACTORY]
    factory.close()


@pytest.fixture
def fakefal_clock(request: pytest.FixtureRequest) -> str:
    """The clock of a test: ``instant`` waits for nobody. Override it for ``manual`` or ``real``."""
    return str(request.config.stash[_RUN_SETTINGS]["clock"])


@pytest.fixture
def fakefal_scenario(request: pytest.FixtureRequest) -> Any:
    """The scenarios that a fake begins with: paths, dicts, or a list of them. For overriding."""
    return request.config.stash[_RUN_SETTINGS]["scenario"]


@pytest.fixture
def fakefal_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The options that a fake begins with, as under ``options`` of a file. For overriding."""
    return dict(request.config.stash[_RUN_SETTINGS]["options"])


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
) -> Iterator[FakeFal]:
    """A fake fal of the test's own; what this process says to fal reaches it.

    A call that no exchange matches fails the test at its end.
    """
    from fakefal.errors import FakefalError, SettingError

    item = request.node
    settings = _settings_of(item, fakefal_clock, fakefal_scenario, fakefal_options)
    fake, problem = None, ""
    try:
        fake = fakefal_factory.begin(fakefal_key, settings)
    except SettingError:
        raise  # of a fixture that was overridden: there the traceback helps
    except FakefalError as error:
        problem = str(error)
    if fake is None:
        pytest.fail(problem, pytrace=False)
    yield fake

    def save_report() -> None:
        if settings.values["report"] and not has_failed:
            from fakefal.testing.report import format_report

            item.stash[_REPORT] = format_report(fake, item)

    has_failed = item.stash.get(_FAILED, False)
    findings = fakefal_factory.end(fake, settings, has_failed=has_failed, on_failure=save_report)
    __tracebackhide__ = bool(
        findings.callback_errors
    )  # there the traceback of the test's function counts
    if fake.recording is not None and fake.recording.summary:
        item.user_properties.append(("fakefal", fake.recording.summary))
    _raise_findings(item, findings)


def _settings_of(item: pytest.Item, clock: str, scenario: Any, options: dict[str, Any]) -> Any:
    """What holds for a test: by its markers, its fixtures, and the settings of the run."""
    from fakefal.testing.config import markers

    settings = markers.read_markers(item)
    run_settings = item.config.stash[_RUN_SETTINGS]
    settings.values = {
        **run_settings,
        "clock": clock,
        **settings.values,
        "options": {**options, **settings.values.get("options", {})},
    }
    shared = scenario if isinstance(scenario, (list, tuple)) else [scenario]
    settings.scenarios += [(markers.resolve_scenario(item, path), False) for path in shared]
    if item.config.getoption("fakefal_record") or settings.values["record"]:
        markers.set_recording(item, settings)
    return settings


def _raise_findings(item: pytest.Item, findings: Any) -> None:
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
def fakefal_receiver(fakefal: FakeFal) -> Iterator[Receiver]:
    """A receiver of webhooks, checked as fal's docs say; give its ``url`` as the webhook's."""
    from fakefal.testing.receiver import Receiver

    jwks_url = f"{fakefal.base_url('rest.fal.ai')}/.well-known/jwks.json"
    with Receiver(jwks_url, fakefal.webhooks.now) as receiver:
        yield receiver
