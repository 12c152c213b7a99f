"""Markers, flags and ini options, as a project sees them."""

from __future__ import annotations

import pytest

from tests.testing.conftest import RunTests

CALL = """
import fal_client
import pytest

def say(prompt="x"):
    return fal_client.run("fal-ai/any-llm", {"prompt": prompt})["output"]
"""

FILE = "fakefal: 1\nexchanges: [{{when: {{input: {{prompt: {0}}}}}, reply: {{text: from {0}}}}}]\n"


@pytest.fixture
def files(pytester: pytest.Pytester) -> None:
    for name in ("module", "cls", "own", "ini"):
        (pytester.path / f"{name}.yaml").write_text(FILE.format(name))


@pytest.mark.usefixtures("files")
def test_markers_of_module_class_and_function_are_merged(run_tests: RunTests) -> None:
    result = run_tests(
        CALL
        + """
pytestmark = pytest.mark.fakefal("module.yaml", clock="manual", options={"subpath": "refuse-405"})

@pytest.mark.fakefal(scenario="cls.yaml", clock="instant", options={"validate": False})
class TestOf:
    @pytest.mark.fakefal(scenario=["own.yaml", {"fakefal": 1, "exchanges": [
        {"when": {"input": {"prompt": "module"}}, "reply": {"text": "nearer"}}]}])
    def test_all(self, fakefal):
        texts = [say(name) for name in ("own", "cls", "module")]
        assert texts == ["from own", "from cls", "nearer"]
        assert fakefal.clock.kind == "instant"
        flags = fakefal.controls.tenant.settings.flags
        assert (flags.subpath, flags.validate) == ("refuse-405", False)
        fakefal.on(prompt="own").text("first of all")
        assert say("own") == "first of all"

    def test_without_naming_the_fixture(self):
        assert say("cls") == "from cls"

def test_module_alone(fakefal):
    assert (say("module"), fakefal.clock.kind) == ("from module", "manual")
    with pytest.raises(fal_client.client.FalClientHTTPError):
        say("own")
    assert "module.yaml:2: " in fakefal.pop_misses()[0]
"""
    )
    result.assert_outcomes(passed=3)


def test_invalid_markers_are_usage_errors_and_all_are_reported(run_tests: RunTests) -> None:
    result = run_tests(
        """
        import pytest

        pytestmark = pytest.mark.fakefal(clok="manual")

        @pytest.mark.fakefal(unused="sometimes")
        def test_one(fakefal):
            pass
        """
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "*::test_one: @pytest.mark.fakefal: unused='sometimes' — one of error, warn, ignore",
            "*: @pytest.mark.fakefal: unknown argument clok — did you mean clock? (one of *",
        ]
    )


def test_an_invalid_scenario_is_reported_with_the_text_of_the_loader(
    run_tests: RunTests, pytester: pytest.Pytester
) -> None:
    (pytester.path / "x.yaml").write_text("fakefal: 1\nexchanges: [{reply: {texd: x}}]\n")
    result = run_tests(
        """
        import pytest

        @pytest.mark.fakefal("x.yaml")
        def test_wrong():
            pass

        @pytest.mark.fakefal("y.yaml")
        def test_missing():
            pass

        @pytest.mark.fakefal(options={"subpaths": "x"})
        def test_option():
            pass
        """
    )
    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines(
        [
            '*/x.yaml:2:22: exchanges?0?.reply.texd: unknown key "texd" — did you mean "text"?',
            "*/y.yaml: no such file — check the path",
            'options.subpaths: unknown key "subpaths" — did you mean "subpath"?',
        ]
    )
    result.stdout.no_fnmatch_line("*factory.py*")


@pytest.mark.usefixtures("files")
def test_ini_flags_fixtures_and_markers_each_override_the_last(
    run_tests: RunTests, pytester: pytest.Pytester
) -> None:
    ini = pytester.path / "tox.ini"
    ini.write_text(
        ini.read_text()
        + "\nfakefal_clock = manual\nfakefal_scenario = ini.yaml\nfakefal_urls = fal\n"
        "fakefal_options =\n  subpath = refuse-405\n"
    )
    source = (
        CALL
        + """
def test_ini(fakefal, kind):
    assert (say("ini"), fakefal.clock.kind) == ("from ini", kind)
    assert fakefal.controls.tenant.settings.flags.subpath == "refuse-405"
    job = fal_client.submit("fal-ai/any-llm", {"prompt": "ini"})
    assert job.status_url.startswith("https://queue.fal.run/")
    assert isinstance(job.status(), fal_client.Queued)

class TestFixtures:
    @pytest.fixture
    def fakefal_clock(self):
        return "real"

    @pytest.fixture
    def fakefal_scenario(self):
        return "own.yaml"

    @pytest.fixture
    def fakefal_key(self):
        return "my:key"

    def test_fixture(self, fakefal):
        assert (say("own"), fakefal.clock.kind, fakefal.key) == ("from own", "real", "my:key")

    @pytest.mark.fakefal(clock="instant", urls="local")
    def test_mark(self, fakefal):
        assert fakefal.clock.kind == "instant"
        assert fal_client.submit("fal-ai/any-llm", {"prompt": "own"}).status_url[:11] == "http://127."

@pytest.fixture
def kind(pytestconfig):
    return pytestconfig.getoption("fakefal_clock") or "manual"
"""
    )
    run_tests(source).assert_outcomes(passed=3)
    run_tests(source, "--fakefal-clock", "instant").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("fakefal_clock = sand", 'fakefal_clock = "sand" — one of instant, manual, real'),
        ("fakefal_unused = no", 'fakefal_unused = "no" — one of error, warn, ignore'),
        ("fakefal_options = subpath", 'fakefal_options: "subpath" — write name = value'),
    ],
)
def test_a_wrong_ini_option_is_a_usage_error(
    line: str, problem: str, run_tests: RunTests, pytester: pytest.Pytester
) -> None:
    ini = pytester.path / "tox.ini"
    ini.write_text(f"[pytest]\n{line}\n")
    result = run_tests("def test_x(): pass")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{problem}*"])


def test_everything_is_in_the_help_and_the_markers(run_tests: RunTests) -> None:
    help_ = run_tests("", "--help")
    help_.stdout.fnmatch_lines(
        [
            "fakefal: a local fake of fal.ai:",
            "  --fakefal-clock=*",
            "  --fakefal-scenario=PATH*",
            "  --fakefal-option=NAME=VALUE*",
            "  --fakefal-urls=*",
            "  --fakefal-strict *",
            "  --fakefal-misses=*",
            "  --fakefal-unused=*",
            "  --fakefal-uncollected=*",
            "  --fakefal-undelivered=*",
            "  --fakefal-refused=*",
            "  --fakefal-no-report *",
        ]
    )
    run_tests("", "--markers").stdout.fnmatch_lines(["@pytest.mark.fakefal(scenario=*"])
