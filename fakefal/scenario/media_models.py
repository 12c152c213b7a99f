"""``kind``, ``files`` and ``media``: outputs with files, as a scenario writes them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from fakefal.scenario.fields import Duration, OrWord, Strict

Kind = Literal["images", "image", "video", "audio", "mesh", "text", "chunks"]
"""The common shapes of outputs; all but the last two hold files."""

TEXT_KINDS = ("text", "chunks")
FILE_KINDS: tuple[str, ...] = tuple(kind for kind in get_args(Kind) if kind not in TEXT_KINDS)

Mishap = Literal["expired", "missing", "forbidden", "truncated", "wrong-type", "slow"]
"""What can be wrong with a file when it is read."""


class MediaSpec(Strict):
    """What happens to the files of a reply when they are read."""

    how: Mishap | None = Field(None, description="What is wrong with them.")
    expires: Duration | None = Field(None, description="How long they can be read.")


def _media(value: Any) -> Any:
    return {"how": value} if isinstance(value, str) else value


Media = Annotated[MediaSpec, BeforeValidator(_media), OrWord({"enum": [*get_args(Mishap)]})]
FileName = Annotated[str, Field(min_length=1, description="A path beside the scenario.")]
