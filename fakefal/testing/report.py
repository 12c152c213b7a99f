"""The section ``fakefal`` of a failed test's report: timeline, misses, and a replay command."""

from __future__ import annotations

import tempfile
import traceback
from pathlib import Path

import pytest

from fakefal.engine.next_event import standing_clock
from fakefal.errors import FakefalError
from fakefal.testing.fixture import FakeFal
from fakefal.testing.replay import write_replay


def format_report(fake: FakeFal, item: pytest.Item) -> str:
    """Format the section, and write the files that the replay command needs."""
    timeline = fake.timeline
    parts = [str(timeline)]
    if timeline.misses:
        parts.append("\n".join(("misses:", *(f"  {miss}" for miss in timeline.misses))))
    if clock_text := fake.server.call(lambda: standing_clock(fake.controls.tenant)):
        parts.append(clock_text)
    parts += fake.end_of_test.without_reply()
    for error in fake.callback_errors.errors:
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        parts.append(f"a callback of the test raised:\n{''.join(lines).rstrip()}")
    if fake.calls:
        parts.append(_replay_hint(fake, item))
    return "\n\n".join(parts)


def _replay_hint(fake: FakeFal, item: pytest.Item) -> str:
    try:
        command = write_replay(fake, _make_folder(item))
    except FakefalError as error:
        return f"no replay outside pytest is possible:\n  {_indent(str(error))}"
    except OSError as error:
        return f"the scenario for a replay cannot be written: {error}"
    return f"replay outside pytest:\n  {command}"


def _indent(text: str) -> str:
    return text.replace("\n", "\n  ")


def _make_folder(item: pytest.Item) -> Path:
    """A folder beside those of ``tmp_path``, of which pytest keeps the last three runs."""
    factory = getattr(item.config, "_tmp_path_factory", None)
    if isinstance(factory, pytest.TempPathFactory):
        return factory.mktemp("fakefal")
    return Path(tempfile.mkdtemp(prefix="fakefal-"))
