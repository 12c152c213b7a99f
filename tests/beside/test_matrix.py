"""The fixture beside other plugins and frameworks: each cell works, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.beside.app_cells import APP_CELLS
from tests.beside.cells import CELLS, HEAD
from tests.beside.running import run_beside

ALL = CELLS | APP_CELLS
DJANGO_SETTINGS = """
SECRET_KEY = "x"
ROOT_URLCONF = "test_it"
ALLOWED_HOSTS = ["*"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
USE_TZ = True
STATIC_URL = "/static/"
INSTALLED_APPS = []
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_a_cell(tmp_path: Path, name: str) -> None:
    cell = ALL[name]
    (tmp_path / "django_settings.py").write_text(DJANGO_SETTINGS, encoding="utf-8")
    ended = run_beside(
        tmp_path, HEAD + cell.source, *cell.options, ini=cell.ini, env=dict(cell.env)
    )
    assert cell.outcome in ended.text.splitlines()[-1], ended.text
    assert ended.code == 0, ended.text
