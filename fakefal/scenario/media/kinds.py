"""The words of ``kind`` and ``media``, without the models that read them."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal["images", "image", "video", "audio", "mesh", "text", "chunks"]
"""The common shapes of outputs; all but the last two hold files."""

TEXT_KINDS = ("text", "chunks")
FILE_KINDS: tuple[str, ...] = tuple(kind for kind in get_args(Kind) if kind not in TEXT_KINDS)

MediaDefect = Literal["expired", "missing", "forbidden", "truncated", "wrong-type", "slow"]
"""What can be wrong with a file when it is read."""
