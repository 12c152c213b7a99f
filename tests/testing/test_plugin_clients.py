"""The fixture under fal_client: as users hold it, in all of its versions."""

from __future__ import annotations

import os

import pytest

from tests.blackbox.installing import fal_client_folder
from tests.testing.conftest import RunTests

OLDER = ("0.13.2", "0.9.1", "0.5.9")


def test_async_tests_leave_nothing_open(run_tests: RunTests) -> None:
    result = run_tests(
        """
        import asyncio

        import fal_client
        import pytest

        @pytest.mark.parametrize("number", [1, 2])
        async def test_module_functions(fakefal, number):
            fakefal.on("fal-ai/any-llm").text(f"a {number}")
            call = ("fal-ai/any-llm", {"prompt": "x"})
            assert (await fal_client.run_async(*call))["output"] == f"a {number}"
            assert (await fal_client.subscribe_async(*call))["output"] == f"a {number}"
            outputs = [event["output"] async for event in fal_client.stream_async(*call)]
            assert outputs == ["a", f"a {number}", f"a {number}"]
            job = await fal_client.submit_async(*call)
            assert (await job.get())["output"] == f"a {number}"

        @pytest.mark.parametrize("number", [1, 2])
        async def test_clients_of_the_test(fakefal, number):
            fakefal.on("fal-ai/any-llm").text("{{ input.prompt }}")
            client = fal_client.AsyncClient()
            prompts = [f"{number} {other}" for other in range(10)]
            results = await asyncio.gather(
                *(client.run("fal-ai/any-llm", {"prompt": prompt}) for prompt in prompts)
            )
            assert [result["output"] for result in results] == prompts
        """
    )
    result.assert_outcomes(passed=4)


def test_clients_made_before_the_fixture_are_redirected_too(run_tests: RunTests) -> None:
    result = run_tests(
        """
        from concurrent.futures import ThreadPoolExecutor

        import fal_client
        import pytest

        sync = fal_client.SyncClient(key="made:early")
        later = fal_client.AsyncClient(key="made:early")

        @pytest.mark.parametrize("number", [1, 2])
        def test_sync(fakefal, number):
            fakefal.on("fal-ai/any-llm").text(str(number))
            assert sync.run("fal-ai/any-llm", {"prompt": "x"})["output"] == str(number)
            assert len(fakefal.calls) == 1

        @pytest.mark.parametrize("number", [1, 2])
        async def test_async(fakefal, number):
            fakefal.on("fal-ai/any-llm").text(str(number))
            assert (await later.run("fal-ai/any-llm", {"prompt": "x"}))["output"] == str(number)

        def test_threads(fakefal):
            fakefal.on("fal-ai/any-llm").text("{{ input.prompt }}")
            prompts = [str(number) for number in range(12)]
            def call(prompt):
                return sync.subscribe("fal-ai/any-llm", {"prompt": prompt})["output"]
            with ThreadPoolExecutor(4) as pool:
                assert list(pool.map(call, prompts)) == prompts
        """
    )
    result.assert_outcomes(passed=5)


def test_everything_is_as_before_when_the_test_has_ended(
    run_tests: RunTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAL_KEY", "mine")
    monkeypatch.setenv("NO_PROXY", "internal.example")
    result = run_tests(
        """
        import os

        import fal_client
        import fal_client.client
        import pytest

        names = "RUN_URL_FORMAT QUEUE_URL_FORMAT REALTIME_URL_FORMAT REST_URL CDN_URL".split()

        def look():
            urls = [getattr(fal_client.client, name) for name in names]
            return [*urls, os.environ["FAL_KEY"], os.environ["NO_PROXY"]]

        before = look()

        def use(fakefal):
            fakefal.on("fal-ai/any-llm").text("x")
            fal_client.run("fal-ai/any-llm", {"prompt": "x"})
            assert not set(look()) & set(before)

        def test_1_fails(fakefal):
            use(fakefal)
            assert "as it" == "should"

        def test_2_after_a_failure():
            assert look() == before

        def test_3_misses(fakefal):
            use(fakefal)
            with pytest.raises(fal_client.client.FalClientHTTPError):
                fal_client.run("fal-ai/other", {"prompt": "x"})

        def test_4_after_a_miss():
            assert look() == before
            assert not {"_auth", "_client"} & set(vars(fal_client.sync_client))
        """
    )
    result.assert_outcomes(passed=3, failed=1, errors=1)
    result.stdout.fnmatch_lines(["E *assert 'as it' == 'should'*"])


def test_workers_of_xdist_are_independent(run_tests: RunTests) -> None:
    result = run_tests(
        """
        import fal_client
        import pytest

        @pytest.mark.parametrize("number", range(40))
        def test_conflicting(fakefal, number):
            fakefal.on("fal-ai/any-llm", prompt="the same").text(f"answer {number}")
            job = fal_client.submit("fal-ai/any-llm", {"prompt": "the same"})
            for _ in range(2):
                result = fal_client.run("fal-ai/any-llm", {"prompt": "the same"})
                assert result["output"] == f"answer {number}"
            assert isinstance(job.status(), fal_client.Queued)
            assert len(fakefal.calls) == 3
        """,
        "-n",
        "2",
    )
    result.assert_outcomes(passed=40)


@pytest.mark.blackbox
@pytest.mark.parametrize("version", OLDER)
def test_older_clients_are_redirected(
    run_tests: RunTests, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    folder = fal_client_folder(version)
    before = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (folder, before))))
    monkeypatch.setenv("FOLDER", folder)
    result = run_tests(
        """
        import os

        import fal_client
        import pytest

        CALL = ("fal-ai/any-llm", {"prompt": "x"})
        early = fal_client.SyncClient(key="made:early")

        def test_it_is_the_older_one():
            assert fal_client.__file__.startswith(os.environ["FOLDER"])

        @pytest.mark.parametrize("number", [1, 2])
        def test_sync(fakefal, number):
            fakefal.on("fal-ai/any-llm").text(f"a {number}")
            assert fal_client.run(*CALL)["output"] == f"a {number}"
            assert fal_client.subscribe(*CALL)["output"] == f"a {number}"
            assert fal_client.submit(*CALL).get()["output"] == f"a {number}"
            assert list(fal_client.stream(*CALL))[-1]["output"] == f"a {number}"
            assert early.run(*CALL)["output"] == f"a {number}"
            assert len(fakefal.calls) == 5

        @pytest.mark.parametrize("number", [1, 2])
        async def test_async(fakefal, number):
            fakefal.on("fal-ai/any-llm").text(f"a {number}")
            assert (await fal_client.run_async(*CALL))["output"] == f"a {number}"
            assert (await fal_client.subscribe_async(*CALL))["output"] == f"a {number}"
            job = await fal_client.submit_async(*CALL)
            assert (await job.get())["output"] == f"a {number}"
            events = [event async for event in fal_client.stream_async(*CALL)]
            assert events[-1]["output"] == f"a {number}"
            assert len(fakefal.calls) == 4
        """
    )
    result.assert_outcomes(passed=5)
