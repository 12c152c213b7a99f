from __future__ import annotations

import subprocess
import sys

from tests.testing.conftest import RunTests


def test_a_test_passes_with_what_it_scripted(run_tests: RunTests) -> None:
    result = run_tests(
        """
        import fal_client

        def test_tagline(fakefal):
            fakefal.on("fal-ai/any-llm").text("Ship it.")
            result = fal_client.subscribe("fal-ai/any-llm", {"prompt": "x"})
            assert result["output"] == "Ship it."
        """
    )
    result.assert_outcomes(passed=1)


def test_a_miss_fails_the_test_at_its_end_and_says_why(run_tests: RunTests) -> None:
    result = run_tests(
        """
        import fal_client
        import pytest
        from fakefal import contains

        def call():
            with pytest.raises(fal_client.client.FalClientHTTPError):
                fal_client.run("fal-ai/any-llm", {"prompt": "a slogan"})

        def test_missed(fakefal):
            fakefal.on("fal-ai/any-llm", prompt=contains("tagline")).text("x")
            call()

        def test_missed_without_an_exchange(fakefal):
            call()

        def test_taken(fakefal):
            call()
            assert "none is loaded" in fakefal.pop_misses()[0]

        def test_hit(fakefal):
            fakefal.on("fal-ai/any-llm").text("x")
            fal_client.run("fal-ai/any-llm", {"prompt": "a slogan"})
        """
    )
    result.assert_outcomes(passed=4, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_missed *",
            "1 call matched no exchange:",
            'no exchange for fal-ai/any-llm (run); nearest: *input.prompt lacks "tagline", '
            'got "a slogan"*',
            "*ERROR at teardown of test_missed_without_an_exchange *",
            "no exchange for fal-ai/any-llm (run); none is loaded — *",
        ]
    )
    result.stdout.no_fnmatch_line("*fixture.py*")


def test_each_test_begins_with_nothing(run_tests: RunTests) -> None:
    result = run_tests(
        """
        import fal_client
        import pytest

        seen = []

        @pytest.mark.parametrize("number", range(3))
        def test_again(fakefal, number):
            assert (fakefal.calls, fakefal.jobs, fakefal.journal) == ([], [], [])
            assert fakefal.clock.iso == "2026-01-01T00:00:00.000000Z"
            fakefal.on("fal-ai/any-llm").text("one").then.text("two")
            job = fal_client.submit("fal-ai/any-llm", {"prompt": "x"})
            assert job.get()["output"] == "one"
            fakefal.clock.advance("1h")
            seen.append(job.request_id)
            assert len(fakefal.calls) == len(fakefal.jobs) == 1
            assert len(set(seen)) == 1
        """
    )
    result.assert_outcomes(passed=3)


def test_the_clock_of_a_test_is_a_fixture_to_be_overridden(run_tests: RunTests) -> None:
    result = run_tests(
        """
        import fal_client
        import pytest

        class TestManual:
            @pytest.fixture
            def fakefal_clock(self):
                return "manual"

            def test_it_stands_still(self, fakefal):
                fakefal.on("fal-ai/any-llm").text("x").timeline({"IN_PROGRESS": {"for": "90s"}})
                job = fal_client.submit("fal-ai/any-llm", {"prompt": "x"})
                for _ in range(5):
                    assert isinstance(job.status(), fal_client.InProgress)
                fakefal.clock.advance("90s")
                assert isinstance(job.status(), fal_client.Completed)

        class TestReal:
            @pytest.fixture
            def fakefal_clock(self):
                return "real"

            def test_it_goes_by_itself(self, fakefal):
                assert fakefal.clock.kind == "real"

        class TestWrong:
            @pytest.fixture
            def fakefal_clock(self):
                return "sand"

            def test_it_is_refused(self, fakefal):
                pass

        def test_an_instant_clock_does_not_wait(fakefal):
            assert fakefal.clock.kind == "instant"
        """
    )
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["E *SettingError: *sand*"])


def test_a_test_without_the_fixture_is_left_alone(run_tests: RunTests) -> None:
    result = run_tests(
        """
        import os
        import sys
        import threading

        def test_plain():
            assert "fal_client" not in sys.modules
            assert not [name for name in sys.modules if name.startswith("fakefal.server")]
            assert "fakefal" not in [thread.name for thread in threading.enumerate()]
            assert "FAL_KEY" not in os.environ
        """
    )
    result.assert_outcomes(passed=1)


def test_the_plugin_costs_no_import_until_it_is_used() -> None:
    code = (
        "import sys, fakefal, fakefal.testing.plugin as plugin\n"
        "heavy = {'aiohttp', 'pydantic', 'yaml', 'jinja2', 'fal_client', 'httpx'}\n"
        "import pytest\n"
        "loaded = {name for name in sys.modules if name.startswith('fakefal')}\n"
        "print(sorted(heavy & set(sys.modules)), sorted(loaded))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    own = ["fakefal", "fakefal._version", "fakefal.testing", "fakefal.testing.plugin"]
    assert done.stdout.strip() == f"[] {own}"


def test_an_error_in_an_exchange_has_a_clear_text(run_tests: RunTests) -> None:
    result = run_tests(
        """
        def test_wrong(fakefal):
            fakefal.on("fal-ai/any-llm").fail("runner_disconected")
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *FakefalError: *runner_disconected*runner_disconnected*"])
    result.stdout.no_fnmatch_line("*During handling of the above exception*")


def test_the_server_of_the_process_is_a_fixture(run_tests: RunTests) -> None:
    result = run_tests(
        """
        import json
        import urllib.request

        def test_health(fakefal_server):
            url = f"{fakefal_server.server.url}/_fakefal/health"
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as answer:
                assert json.load(answer) == {"status": "ok"}

        def test_same(fakefal, fakefal_server):
            assert fakefal.server is fakefal_server
            assert fakefal.url == fakefal_server.server.url
        """
    )
    result.assert_outcomes(passed=2)


def test_the_fixtures_are_listed_with_descriptions(run_tests: RunTests) -> None:
    result = run_tests("", "--fixtures")
    for name, docstring in (
        ("fakefal_server *session scope*", "One server for this process*"),
        ("fakefal_factory *session scope*", "Creates fakes for fixtures of any scope*"),
        ("fakefal_clock *", "The clock of a test*"),
        ("fakefal_scenario *", "Scenarios loaded at the start*"),
        ("fakefal_options *", "Options as under*"),
        ("fakefal_key *", "The API key of a test*"),
        ("fakefal_receiver *", "A webhook receiver*"),
        ("fakefal -- *", "A fake fal for this test*"),
    ):
        result.stdout.fnmatch_lines([name, f"    {docstring}"])
