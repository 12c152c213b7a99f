from __future__ import annotations

from pathlib import Path

import pytest

from fakefal.cli.commands.project.init import EXAMPLES
from tests.cli.running import fakefal


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_project_gets_examples_a_schema_and_settings(project: Path) -> None:
    ran = fakefal("init")
    assert (ran.code, ran.err) == (0, "")
    assert "scenarios/tagline.yaml: written\n" in ran.out
    assert sorted(path.name for path in (project / "scenarios").iterdir()) == sorted(
        [*EXAMPLES, "scenario.schema.json"]
    )
    for name in EXAMPLES:
        text = (project / "scenarios" / name).read_text()
        assert text.startswith("# yaml-language-server: $schema=scenario.schema.json\n# ")
    checked = fakefal("check", "--strict", "scenarios")
    assert (checked.code, checked.err) == (0, "")
    assert "fakefal_guard = error\n" in (project / "pytest.ini").read_text()


def test_what_exists_stays(project: Path) -> None:
    (project / "scenarios").mkdir()
    (project / "scenarios" / "tagline.yaml").write_text("mine")
    (project / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = "-q"\n\n[x]\n')
    ran = fakefal("init")
    assert "scenarios/tagline.yaml: exists, left as it is\n" in ran.out
    assert (project / "scenarios" / "tagline.yaml").read_text() == "mine"
    text = (project / "pyproject.toml").read_text()
    assert text.startswith("[tool.pytest.ini_options]\n# A call to the real fal")
    assert 'fakefal_guard = "error"\n' in text
    assert text.endswith('addopts = "-q"\n\n[x]\n')
    assert "has settings of fakefal, left as it is" in fakefal("init").out
    assert (project / "pyproject.toml").read_text() == text


def test_a_file_without_a_section_of_pytest_gets_one(project: Path) -> None:
    (project / "pyproject.toml").write_text('[project]\nname = "x"')
    fakefal("init")
    text = (project / "pyproject.toml").read_text()
    assert text.startswith('[project]\nname = "x"\n[tool.pytest.ini_options]\n')


def test_a_missing_folder_is_an_error(project: Path) -> None:
    ran = fakefal("init", "nothere")
    assert (ran.code, ran.err) == (2, "nothere: no such folder — create it first\n")


def test_pytest_accepts_the_settings(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    assert fakefal("init", pytester.path).code == 0
    pytester.makepyfile("def test_x(fakefal): pass")
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
