"""``files`` and ``media`` of a reply whose output has files."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field

from fakefal.scenario.media.kinds import MediaDefect
from fakefal.scenario.model.fields import Duration, OrWord, StrictModel


class MediaSpec(StrictModel):
    """How reading the files of a reply fails, and when they expire."""

    how: MediaDefect | None = Field(None, description="The defect of the files.")
    expires: Duration | None = Field(None, description="How long the files can be read.")


def _media_spec(value: Any) -> Any:
    return {"how": value} if isinstance(value, str) else value


Media = Annotated[
    MediaSpec, BeforeValidator(_media_spec), OrWord({"enum": [*get_args(MediaDefect)]})
]
FileName = Annotated[str, Field(min_length=1, description="A path relative to the scenario file.")]
