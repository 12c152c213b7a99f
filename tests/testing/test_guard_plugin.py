"""Runs of users: a test that forgets the fixture must not reach the real fal."""

from __future__ import annotations

import pytest

from tests.testing.conftest import RunTests

FORGOTTEN = """
    import fal_client

    def write_tagline():
        return fal_client.run("fal-ai/any-llm", {"prompt": "x"})["output"]

    def test_forgotten():
        write_tagline()
"""

USES_FIXTURE = """
    import fal_client
    def test_with_the_fixture(fakefal):
        fakefal.on("fal-ai/any-llm").text("x")
        fal_client.run("fal-ai/any-llm", {"prompt": "x"})
"""

SWALLOWED = """
        import asyncio
        import socket
        import ssl
        import threading
        import httpx
        import pytest

        def swallow(function):
            try:
                function()
            except BaseException:
                pass

        def test_lookup():
            swallow(lambda: socket.getaddrinfo("QUEUE.falrun.com.", 443))

        def test_thread():
            thread = threading.Thread(target=swallow, args=(lambda: httpx.get("https://fal.run/x"),))
            thread.start()
            thread.join()

        def test_async():
            async def call():
                async with httpx.AsyncClient() as client:
                    await client.get("https://v3.fal.media/x")
            swallow(lambda: asyncio.run(call()))

        def test_behind_a_proxy():
            context = ssl.create_default_context()
            swallow(lambda: context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(),
                                             server_hostname="rest.alpha.fal.ai"))

        def test_connect_by_name():
            with socket.socket() as connection:
                swallow(lambda: connection.connect(("ws.fal.run", 443)))

        def test_that_fails_for_another_reason():
            swallow(lambda: socket.gethostbyname("fal.media"))
            assert 1 == 2

        @pytest.fixture
        def early():
            swallow(lambda: socket.getaddrinfo("fal.run", 443))

        def test_with_the_fixture_too_late(early, fakefal):
            pass

        def test_others_are_reached():
            assert socket.getaddrinfo("127.0.0.1", 80)
"""

KEY = "FAL_KEY"


@pytest.fixture(autouse=True)
def with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "a:b")
    for name in ("FAKEFAL_URL", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def test_a_forgotten_fixture_is_refused_with_the_line_and_the_cure(run_tests: RunTests) -> None:
    result = run_tests(FORGOTTEN)  # the ini file has settings of fakefal
    result.assert_outcomes(failed=1)
    file = "test_a_forgotten_fixture_is_refused_with_the_line_and_the_cure.py"
    result.stdout.fnmatch_lines(
        [
            "fakefal refused a connection to the real fal: fal.run",
            f"  from {file}:7 in test_forgotten: write_tagline()",
            f'  from {file}:4 in write_tagline: return fal_client.run("fal-ai/any-llm", *',
            "let the fake answer it: def test_forgotten(fakefal): …, or @pytest.mark.fakefal",
            "if the test shall call the real fal: pytest --fakefal-guard=off *",
        ],
        consecutive=True,
    )
    result.stdout.no_fnmatch_line("*httpx*")


def test_a_client_that_catches_everything_fails_its_test_at_the_end(run_tests: RunTests) -> None:
    result = run_tests(SWALLOWED)
    result.assert_outcomes(passed=7, errors=6, failed=1)
    hosts = ["queue.falrun.com", "fal.run", "v3.fal.media", "rest.alpha.fal.ai", "ws.fal.run"]
    for host in [*hosts, "fal.media"]:
        result.stdout.fnmatch_lines([f"fakefal refused a connection to the real fal: {host}"])
    result.stdout.fnmatch_lines(["the fixture fakefal of this test does not run here yet*"])


def test_the_guard_is_a_setting(run_tests: RunTests, pytester: pytest.Pytester) -> None:
    source = """
        import socket
        def test_plain():
            try:
                socket.getaddrinfo("fal.run", 443)
            except OSError:
                pass
    """
    run_tests(source, "--fakefal-guard=off").assert_outcomes(passed=1)
    warned = run_tests(source, "--fakefal-guard=warn", "-W", "default")
    warned.assert_outcomes(passed=1, warnings=1)
    warned.stdout.fnmatch_lines(
        ["*FakefalWarning: fakefal saw a connection to the real fal: fal.run"]
    )
    run_tests(source, "--fakefal-guard=error").assert_outcomes(failed=1)
    pytester.makeini("[pytest]\nfakefal_guard = of\n")
    wrong = pytester.runpytest_subprocess()
    wrong.stderr.fnmatch_lines(['*fakefal_guard = "of" — one of error, warn, off'])


def test_a_run_that_does_not_use_fakefal_has_no_guard(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\n")
    source = """
        import socket, sys
        {extra}
        def test_plain(request):
            assert not request.config.pluginmanager.has_plugin("fakefal-guard")
            assert socket.getaddrinfo.__module__ == "socket"
            assert "fakefal.testing.redirect.session_guard" not in sys.modules
    """
    pytester.makepyfile(source.format(extra=""))
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
    pytester.makepyfile(source.format(extra="def test_other(fakefal): pass"))
    # -k leaves out the test with the fixture: the run is guarded nevertheless.
    pytester.runpytest_subprocess("-k", "plain").assert_outcomes(failed=1, deselected=1)


def test_fakes_work_under_the_guard(run_tests: RunTests, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        USES_FIXTURE
        + """
    def test_with_a_block():
        from fakefal import running_fake
        with running_fake() as fake:
            fake.on("fal-ai/any-llm").text("x")
            fal_client.run("fal-ai/any-llm", {"prompt": "x"})
            import httpx
            assert httpx.get("https://queue.fal.run/x").status_code in (401, 404, 405)
    """
    )
    run_tests(source, "--fakefal-guard=error").assert_outcomes(passed=2)
    monkeypatch.setenv("FAKEFAL_URL", "http://127.0.0.1:1")  # as under `fakefal run`
    plain = "def test_plain(request):\n"
    plain += '    assert not request.config.pluginmanager.has_plugin("fakefal-guard")'
    run_tests(plain, "--fakefal-guard=error").assert_outcomes(passed=1)
