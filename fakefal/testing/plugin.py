"""The pytest plugin: hooks and fixtures.

Every pytest run loads this module, so heavy modules are imported inside the functions.
"""

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
    """Add the flags ``--fakefal-…`` and the ini options ``fakefal_…``."""
    from fakefal.testing.config import markers

    markers.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Read flags and ini options, and register the marker."""
    from fakefal.testing.config import markers

    markers.register(config)
    config.stash[_RUN_SETTINGS] = markers.read_config(config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the fixture to marked tests, and start the guard before ``-k`` leaves out tests.

    Raises pytest.UsageError for invalid markers.
    """
    from fakefal.testing.config import markers

    markers.check_markers(items)
    if severity := markers.guard_severity(config, items):
        from fakefal.testing.guard_plugin import open_guard

        open_guard(config, severity)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the section ``fakefal`` to the report of a failed test."""
    report = yield
    if report.failed and (factory := item.config.stash.get(_FACTORY, None)) is not None:
        item.stash[_FAILED] = True
        section = item.stash.get(_REPORT, "")
        if not section and item.config.stash[_RUN_SETTINGS]["report"]:
            from fakefal.testing.report import format_report

            section = "\n".join(format_report(fake, item) for fake in factory.active)
        if section:
            report.sections.append(("fakefal", section))
        from fakefal.testing import other_plugins

        other_plugins.add_explanation(report, call.excinfo and call.excinfo.value)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the recordings that were written, those of xdist's worker processes included."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "teardown":
                for name, text in getattr(report, "user_properties", ()):
                    if name == "fakefal":
                        terminalreporter.write_line(f"fakefal: {text}")


@pytest.fixture(scope="session")
def fakefal_server() -> Iterator[ThreadedServer]:
    """One server for this process, on a free port, in its own thread."""
    from fakefal.server.server import FakeFalServer
    from fakefal.server.thread import ThreadedServer
    from fakefal.testing import other_plugins

    server = ThreadedServer(FakeFalServer(unmatched="fail", clock="instant", keep_alive=False))
    with other_plugins.allowed_sockets():
        server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def fakefal_factory(
    request: pytest.FixtureRequest, fakefal_server: ThreadedServer
) -> Iterator[Factory]:
    """Creates fakes for fixtures of any scope: ``with fakefal_factory(clock="manual") as fake:``.

    Takes the arguments of the marker. The newest fake gets the calls of the process.
    """
    from fakefal.testing.factory import Factory

    factory = Factory(fakefal_server, request.config.stash[_RUN_SETTINGS])
    request.config.stash[_FACTORY] = factory
    yield factory
    del request.config.stash[_FACTORY]
    factory.close()


@pytest.fixture
def fakefal_clock(request: pytest.FixtureRequest) -> str:
    """The clock of a test: ``instant``, ``manual`` or ``real``. Override it to change the clock."""
    return str(request.config.stash[_RUN_SETTINGS]["clock"])


@pytest.fixture
def fakefal_scenario(request: pytest.FixtureRequest) -> Any:
    """Scenarios loaded at the start: paths, dicts, or a list of them. Override it to add some."""
    return request.config.stash[_RUN_SETTINGS]["scenario"]


@pytest.fixture
def fakefal_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Options as under ``options`` of a scenario file. Override it to set some."""
    return dict(request.config.stash[_RUN_SETTINGS]["options"])


@pytest.fixture
def fakefal_key(request: pytest.FixtureRequest) -> str:
    """The API key of a test, which ``FAL_KEY`` holds. Override it to choose another."""
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
    """A fake fal for this test, which gets all fal calls of this process.

    A call that no exchange matches fails the test at its end.
    """
    from fakefal.errors import FakefalError, SettingError
    from fakefal.testing import other_plugins

    server = fakefal_factory.server.server
    other_plugins.refuse_obstacle((server.host, server.port))
    item = request.node
    settings = _settings_of(item, fakefal_clock, fakefal_scenario, fakefal_options)
    fake, problem = None, ""
    try:
        fake = fakefal_factory.begin(fakefal_key, settings)
    except SettingError:
        raise  # an overridden fixture returned an invalid value: keep the traceback
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
    # With an error of a callback, only the traceback of that callback is of interest.
    __tracebackhide__ = bool(findings.callback_errors)
    if fake.recording is not None and fake.recording.summary:
        item.user_properties.append(("fakefal", fake.recording.summary))
    _raise_findings(item, findings)


def _settings_of(item: pytest.Item, clock: str, scenario: Any, options: dict[str, Any]) -> Any:
    """Merge the test's markers over its fixtures over the settings of the run."""
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
    """Raise the first callback error, else fail for errors, else warn."""
    __tracebackhide__ = bool(findings.callback_errors)
    if findings.callback_errors:
        raise findings.callback_errors[0]
    if findings.errors:
        pytest.fail("\n".join(findings.errors), pytrace=False)
    if findings.warnings:
        from fakefal.testing.checks import FakefalWarning

        for text in findings.warnings:
            item.warn(FakefalWarning(text))


@pytest.fixture
def fakefal_receiver(fakefal: FakeFal) -> Iterator[Receiver]:
    """A webhook receiver that verifies signatures; pass its ``url`` as the webhook URL."""
    from fakefal.testing.receiver import Receiver

    jwks_url = f"{fakefal.base_url('rest.fal.ai')}/.well-known/jwks.json"
    with Receiver(jwks_url, fakefal.webhooks.now) as receiver:
        yield receiver
