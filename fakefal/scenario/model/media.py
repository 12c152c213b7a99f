"""``kind``, ``files`` and ``media``: outputs with files, as a scenario writes them."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field

from fakefal.scenario.media.kinds import MediaDefect
from fakefal.scenario.model.fields import Duration, OrWord, StrictModel


class MediaSpec(StrictModel):
    """What happens to the files of a reply when they are read."""

    how: MediaDefect | None = Field(None, description="What is wrong with them.")
    expires: Duration | None = Field(None, description="How long they can be read.")


def _media_spec(value: Any) -> Any:
    return {"how": value} if isinstance(value, str) else value


Media = Annotated[
    MediaSpec, BeforeValidator(_media_spec), OrWord({"enum": [*get_args(MediaDefect)]})
]
FileName = Annotated[str, Field(min_length=1, description="A path beside the scenario.")]
