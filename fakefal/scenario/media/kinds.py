"""The values of ``kind`` and ``media`` in a reply."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal["images", "image", "video", "audio", "mesh", "text", "chunks"]
"""The common forms of outputs; all but ``text`` and ``chunks`` hold files."""

TEXT_KINDS = ("text", "chunks")
FILE_KINDS: tuple[str, ...] = tuple(kind for kind in get_args(Kind) if kind not in TEXT_KINDS)

MediaDefect = Literal["expired", "missing", "forbidden", "truncated", "wrong-type", "slow"]
"""What is wrong with a file when a client downloads it."""
