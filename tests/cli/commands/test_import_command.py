from __future__ import annotations

import json
from pathlib import Path

from fakefal.scenario.files.loader import load_file
from tests.cli.running import GOOD, fakefal
from tests.recorder.importers.test_har import CHROMIUM, KEY, entry, har


def test_a_har_becomes_a_scenario_with_its_files(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    ran = fakefal("import", CHROMIUM, "-o", path)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [
        f"{CHROMIUM}: har, 11 entries of fal read",
        f"{path}: 4 exchanges, 1 raw route",
    ]
    assert f"not used: {CHROMIUM}: entries[11]: GET example.com: not a fal host" in ran.err
    assert "scenarios do not cover fal.ai" in ran.err
    loaded = load_file(path)
    assert len(loaded.assets) == 1
    assert loaded.scenario.recorded is not None
    assert loaded.scenario.recorded.source == "data/chromium.har"
    assert KEY not in path.read_text(encoding="utf-8")


def test_several_files_become_one_scenario(tmp_path: Path) -> None:
    (tmp_path / "a.har").write_text(har(entry()))
    (tmp_path / "b.json").write_text(json.dumps({"output": "acct_12345", "partial": False}))
    path = tmp_path / "all.yaml"
    files = (tmp_path / "a.har", tmp_path / "b.json")
    ran = fakefal("import", *files, "-o", path, "--redact", "acct_[0-9]+")
    assert ran.code == 0, ran.err
    loaded = load_file(path)
    assert len(loaded.exchanges) == 2
    assert loaded.scenario.recorded is not None
    assert loaded.scenario.recorded.sources == [f"{tmp_path.name}/a.har", f"{tmp_path.name}/b.json"]
    assert loaded.scenario.recorded.at == "2026-09-27T12:00:00Z"  # of the older one
    assert "acct_12345" not in path.read_text(encoding="utf-8")


def test_only_recordings_are_replaced_and_edited_ones_only_with_force(tmp_path: Path) -> None:
    path, source = tmp_path / "a.yaml", tmp_path / "a.har"
    source.write_text(har(entry()))
    for mine in ("mine", GOOD, "", "\x00"):
        path.write_text(mine)
        for flags in ((), ("--force",)):
            ran = fakefal("import", source, "-o", path, *flags)
            assert (ran.code, path.read_text()) == (2, mine)
            assert "is not a recording made by fakefal, so it is not replaced" in ran.err
    path.unlink()
    assert fakefal("import", source, "-o", path).code == 0
    written = path.read_text()
    assert fakefal("import", source, "-o", path).code == 0  # its own file, with a backup
    assert (tmp_path / "a.yaml.bak").read_text() == written
    edited = written.replace("fakefal: 1", "fakefal: 1\nname: mine")
    path.write_text(edited)
    ran = fakefal("import", source, "-o", path)
    assert (ran.code, path.read_text()) == (2, edited)
    assert "was edited after it was recorded, and would be replaced — pass --force" in ran.err
    assert fakefal("import", source, "-o", path, "--force").code == 0
    assert path.read_text() == written
    assert (tmp_path / "a.yaml.bak").read_text() == edited
    assert fakefal("import", source, "-o", path, "--no-backup").code == 0
    assert sorted(it.name for it in tmp_path.glob("*.bak*")) == ["a.yaml.bak"]


def test_a_file_without_a_call_to_fal_writes_nothing(tmp_path: Path) -> None:
    source = tmp_path / "a.har"
    source.write_text(har(entry(request={**entry()["request"], "url": "https://example.com/"})))
    ran = fakefal("import", source, "-o", tmp_path / "a.yaml")
    assert ran.code == 2
    assert "no calls to fal found" in ran.err
    assert not (tmp_path / "a.yaml").exists()


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"\xff\xfe\xff")
    (tmp_path / "x.txt").write_text("hello")
    for name, problem in (
        ("none", "No such file"),
        ("x.bin", "not UTF-8"),
        ("x.txt", "unknown file format"),
    ):
        ran = fakefal("import", tmp_path / name, "-o", tmp_path / "a.yaml")
        assert ran.code == 2
        assert problem in ran.err
