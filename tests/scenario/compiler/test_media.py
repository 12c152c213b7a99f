"""Compiling ``kind``, ``files`` and ``media``."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.compiled.media import CompiledMedia
from fakefal.scenario.compiler.media import compile_media
from fakefal.scenario.media.assets import make_asset
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.templates.templates import TemplateError

CAT = make_asset("cat.png", b"meow")


def media(**reply: Any) -> CompiledMedia | None:
    return compile_media(Reply.model_validate(reply), ("reply",), {"cat.png": CAT})


def test_a_reply_without_files_has_no_media() -> None:
    assert media(text="x") is None


def test_references_and_files_are_looked_up_by_name() -> None:
    in_output = CompiledMedia(assets={"cat.png": CAT})
    assert media(output={"image": {"file": "cat.png"}}) == in_output
    assert media(stream={"events": [{"file": "cat.png"}]}) == in_output
    assert media(kind="image", files=["cat.png"]) == CompiledMedia(
        "image", (CAT,), {"cat.png": CAT}
    )


def test_defects_and_expiry_are_taken_over() -> None:
    assert media(kind="image", media={"how": "slow", "expires": "90s"}) == CompiledMedia(
        "image", defect="slow", expires_seconds=90.0
    )


def test_a_file_that_is_not_an_asset_is_an_error() -> None:
    with pytest.raises(TemplateError, match='no file "dog') as caught:
        media(output={"file": "dog.png"})
    assert caught.value.path[:2] == ("reply", "output")
