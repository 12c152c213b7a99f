"""Files under the fixture, as users hold it: uploads, outputs, and what was kept."""

from __future__ import annotations

import pytest

from tests.blackbox.installing import fal_client_folder
from tests.testing.conftest import RunTests


def test_uploads_through_every_host_reach_the_test(run_tests: RunTests) -> None:
    result = run_tests(
        """
        import fal_client
        import httpx
        import pytest
        from PIL import Image

        @pytest.mark.parametrize("number", [1, 2])
        def test_sync(fakefal, number, tmp_path):
            (tmp_path / "a.txt").write_text("from a file")
            urls = [
                fal_client.upload(b"bytes", "text/plain"),
                fal_client.upload_file(tmp_path / "a.txt"),
                fal_client.upload_image(Image.new("RGB", (8, 8))),
                fal_client.SyncClient().upload(b"x", "text/plain", repository="fal"),
            ]
            assert all(url.startswith(fakefal.url) for url in urls)
            assert [file.name for file in fakefal.files] == [
                "upload.bin", "a.txt", "upload.bin", "upload.bin"
            ]
            contents = [httpx.get(url).content for url in urls]
            assert contents == [file.read() for file in fakefal.files]

        async def test_async(fakefal):
            url = await fal_client.upload_async(b"bytes", "text/plain")
            assert httpx.get(url).content == b"bytes"
            assert len(fakefal.files) == 1
        """
    )
    result.assert_outcomes(passed=3)


def test_three_uploads_need_one_token_on_every_clock(run_tests: RunTests) -> None:
    result = run_tests(
        """
        import fal_client
        import httpx
        import pytest

        @pytest.mark.parametrize("clock", ["real", "instant", "manual"])
        def test_uploads(fakefal_factory, clock):
            with fakefal_factory(clock=clock) as fake:
                client = fal_client.SyncClient(key=fake.key)
                for _ in range(3):
                    client.upload(b"bytes", "text/plain")
                kinds = [entry["kind"] for entry in fake.journal]
            assert kinds.count("token") == 1
            assert kinds.count("upload") == 3
        """
    )
    result.assert_outcomes(passed=3)


@pytest.mark.blackbox
@pytest.mark.parametrize("version", ["0.13.2", "0.5.9"])
def test_older_clients_upload_too(
    version: str, run_tests: RunTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", fal_client_folder(version))
    result = run_tests(
        """
        import fal_client
        import httpx
        import pytest

        @pytest.mark.filterwarnings("ignore:Use 'content")  # 0.5.9 and httpx of today
        def test_upload(fakefal):
            url = fal_client.upload(b"bytes", "text/plain")
            assert url.startswith(fakefal.url)
            assert httpx.get(url).content == b"bytes"
            assert fakefal.files[0].read() == b"bytes"
        """
    )
    result.assert_outcomes(passed=1)


def test_outputs_hold_files_of_the_project(run_tests: RunTests, pytester: pytest.Pytester) -> None:
    (pytester.path / "cat.txt").write_text("miaow")
    (pytester.path / "scenarios").mkdir()
    (pytester.path / "scenarios" / "dog.txt").write_text("woof")
    (pytester.path / "scenarios" / "s.yaml").write_text(
        "fakefal: 1\nexchanges: [{when: {endpoint: a/dog}, reply: {output: {f: {file: dog.txt}}}}]"
    )
    result = run_tests(
        """
        import fal_client
        import httpx
        import pytest
        from fakefal import FakefalError

        def test_outputs(fakefal):
            fakefal.load("scenarios/s.yaml")
            fakefal.on("a/cat").output({"f": {"file": "cat.txt"}})
            fakefal.on("a/flux").kind("images").media(expires="60s")
            texts = [
                httpx.get(fal_client.run(app, {})["f"]["url"]).text for app in ("a/dog", "a/cat")
            ]
            assert texts == ["woof", "miaow"]
            url = fal_client.subscribe("a/flux", {"prompt": "x"})["images"][0]["url"]
            assert httpx.get(url).headers["content-type"] == "image/png"
            fakefal.clock.advance("61s")
            assert httpx.get(url).status_code == 404
            assert [file.origin for file in fakefal.files] == ["output"] * 3

        def test_a_file_that_is_missing_is_told(fakefal):
            with pytest.raises(FakefalError, match="there is no file"):
                fakefal.on("a/cat").output({"f": {"file": "dog.txt"}})
        """
    )
    result.assert_outcomes(passed=2)
