from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CASES = """
import asyncio
import os
import unittest
import warnings

import fal_client

from fakefal import FakeFalMixin

CALL = ("fal-ai/any-llm", {"prompt": "x"})


class Sync(FakeFalMixin, unittest.TestCase):
    fakefal_settings = {"clock": "manual"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ready = True

    def setUp(self):
        self.fakefal.on("fal-ai/any-llm").text("Ship it.")

    def test_1(self):
        assert self.ready
        self.assertEqual(fal_client.run(*CALL)["output"], "Ship it.")
        self.assertEqual(self.fakefal.clock.kind, "manual")
        self.assertEqual(len(self.fakefal.calls), 1)

    test_2 = test_1

    @unittest.skip("not today")
    def test_skipped(self):
        pass

    def test_fails(self):
        self.fail("by itself")


class Async(FakeFalMixin, unittest.IsolatedAsyncioTestCase):
    async def test_async(self):
        self.fakefal.on("fal-ai/any-llm").text("Ship it.")
        self.assertEqual((await fal_client.AsyncClient().run(*CALL))["output"], "Ship it.")


class Left(FakeFalMixin, unittest.TestCase):
    def test_miss(self):
        with self.assertRaises(Exception):
            fal_client.run(*CALL)

    def test_function(self):
        self.fakefal.on().text(lambda call: {}["key"])
        with self.assertRaises(Exception):
            fal_client.run(*CALL)

    def test_unused(self):
        self.fakefal.on("a/b").text("x")


class Wrong(FakeFalMixin, unittest.TestCase):
    fakefal_settings = {"clok": "manual"}

    def test_never(self):
        pass


def tearDownModule():
    assert "FAL_KEY" not in os.environ
    assert fal_client.client.RUN_URL_FORMAT == "https://fal.run/"


if __name__ == "__main__":
    unittest.main()
"""


def test_unittest_without_pytest(tmp_path: Path) -> None:
    program = tmp_path / "test_cases.py"
    program.write_text(CASES.replace("Wrong(FakeFalMixin", "Wrong(FakeFalMixin"), encoding="utf-8")
    env = {key: value for key, value in os.environ.items() if key != "FAL_KEY"}
    for module, code in (("Sync", 1), ("Async", 0), ("Left", 1), ("Wrong", 1)):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", str(program), module],
            capture_output=True,
            encoding="utf-8",
            env=env,
            check=False,
        )
        stderr = done.stderr
        assert done.returncode == code, stderr
        assert "| _pytest" not in stderr
        if module == "Sync":
            assert "FAILED (failures=1, skipped=1)" in stderr
        elif module == "Left":
            assert "FAILED (failures=1, errors=1)" in stderr
            assert "AssertionError: 1 call matched no exchange:" in stderr
            assert "KeyError: 'key'" in stderr
            assert "FakefalWarning: exchanges were not used:" in stderr
        elif module == "Wrong":
            assert "unknown argument clok — did you mean clock?" in stderr
