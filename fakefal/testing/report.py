"""What a failing test shows of its fake: a timeline, the misses, and how to replay it."""

from __future__ import annotations

import tempfile
import traceback
from pathlib import Path

import pytest

from fakefal.errors import FakefalError
from fakefal.testing.fixture import Fake
from fakefal.testing.replay import write_replay


def report_of(fake: Fake, item: pytest.Item) -> str:
    """The section of a report."""
    story = fake.story
    parts = [str(story)]
    if story.misses:
        parts.append("\n".join(("misses:", *(f"  {miss}" for miss in story.misses))))
    for error in fake.blame.errors:
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        parts.append(f"a function of the test raised:\n{''.join(lines).rstrip()}")
    if fake.calls:
        parts.append(_replay(fake, item))
    return "\n\n".join(parts)


def _replay(fake: Fake, item: pytest.Item) -> str:
    try:
        command = write_replay(fake, _folder(item))
    except FakefalError as error:
        return f"it cannot be replayed outside pytest:\n  {_indented(str(error))}"
    except OSError as error:
        return f"the scenario cannot be written for a replay: {error}"
    return f"replay it outside pytest:\n  {command}"


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _folder(item: pytest.Item) -> Path:
    """A folder that pytest takes away when it is old, as those of ``tmp_path``."""
    factory = getattr(item.config, "_tmp_path_factory", None)
    if isinstance(factory, pytest.TempPathFactory):
        return factory.mktemp("fakefal")
    return Path(tempfile.mkdtemp(prefix="fakefal-"))
