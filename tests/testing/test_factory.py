from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import fal_client
import pytest

from fakefal import FakeFal, FakefalError, FakefalWarning, UnmetExpectations, running_fake
from fakefal.testing.factory import Factory
from tests.testing.conftest import RunTests

ANY_LLM = "fal-ai/any-llm"


def say() -> str:
    return str(fal_client.run(ANY_LLM, {"prompt": "x"})["output"])


def test_the_innermost_fake_gets_the_calls(fakefal: FakeFal, fakefal_factory: Factory) -> None:
    fakefal.on(ANY_LLM).text("outer")
    assert (say(), os.environ["FAL_KEY"]) == ("outer", fakefal.key)
    with fakefal_factory(key="in:ner") as inner:
        inner.on(ANY_LLM).text("inner")
        assert (say(), os.environ["FAL_KEY"], len(inner.calls)) == ("inner", "in:ner", 1)
    assert (say(), os.environ["FAL_KEY"], len(fakefal.calls)) == ("outer", fakefal.key, 2)


def test_it_takes_what_the_marker_takes(fakefal_factory: Factory, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("fakefal: 1\nexchanges: [{reply: {text: from file}}]\n")
    with fakefal_factory(path, clock="manual", options={"subpath": "refuse-405"}) as fake:
        assert (say(), fake.clock.kind) == ("from file", "manual")
        assert fake.controls.tenant.settings.flags.subpath == "refuse-405"
    path.write_text("fakefal: 1\nexchanges: [{reply: {text: changed file}}]\n")
    with fakefal_factory(path):
        assert say() == "changed file"
    with (
        pytest.raises(FakefalError, match=r"unknown argument clok — did you mean clock\?"),
        fakefal_factory(clok="manual"),
    ):
        pass


def used(text: Any, endpoint: str = ANY_LLM, raises: type[Exception] | None = None) -> None:
    """A block in which one call is scripted and one is made."""
    with running_fake() as fake:
        fake.on(endpoint).text(text)
        if raises is not None:
            raise raises
        with suppress(fal_client.client.FalClientHTTPError):
            say()


def test_findings_are_raised_at_the_end() -> None:
    used("x")
    with (
        pytest.warns(FakefalWarning),
        pytest.raises(UnmetExpectations, match="1 call matched no exchange"),
    ):
        used("x", "a/b")
    with pytest.raises(ZeroDivisionError):
        used(lambda call: 1 / 0)
    with pytest.raises(KeyError):  # its own error
        used("x", raises=KeyError)
    with pytest.warns(FakefalWarning, match="exchanges were not used"), running_fake() as fake:
        fake.on("a/b").text("x")


def test_a_reset_tenant_keeps_its_scenarios(fakefal_factory: Factory) -> None:
    scenario = {"fakefal": 1, "exchanges": [{"reply": {"text": "kept"}}]}
    with fakefal_factory(scenario, unused="ignore") as fake:
        fake.on().text("own")
        assert say() == "own"
        fake.server.call(fake.controls.reset)
        assert say() == "kept"


def test_fakes_of_every_scope(run_tests: RunTests) -> None:
    result = run_tests(
        """
        import fal_client
        import pytest

        def say():
            return fal_client.run("fal-ai/any-llm", {"prompt": "x"})["output"]

        @pytest.fixture(scope="session")
        def shared(fakefal_factory):
            with fakefal_factory(key="sha:red") as fake:
                fake.on().text("session")
                yield fake

        @pytest.fixture(scope="class")
        def of_class(shared, fakefal_factory):
            with fakefal_factory(clock="manual") as fake:
                fake.on().text("class")
                yield fake

        def test_session(shared):
            assert say() == "session"

        class TestClass:
            @pytest.mark.parametrize("number", [1, 2])
            def test_class(self, of_class, number):
                assert say() == "class"
                assert len(of_class.calls) == number

            def test_function_inside(self, of_class, fakefal):
                fakefal.on().text("function")
                assert say() == "function"

        def test_session_again(shared):
            assert say() == "session"
            assert len(shared.calls) == 2

        def test_a_shared_fake_is_in_the_report(shared):
            assert say() == "other"
        """
    )
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["*call*#3 run fal-ai/any-llm*→ 200 by test_*.py:*"])
