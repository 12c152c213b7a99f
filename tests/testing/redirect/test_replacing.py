"""Attributes that are replaced for a while."""

from __future__ import annotations

from contextlib import ExitStack

from fakefal.testing.redirect.replacing import replace_attribute


class Inherited:
    name = "inherited"


class Own(Inherited):
    other = "own"


def test_an_attribute_is_as_before_when_the_stack_is_closed() -> None:
    with ExitStack() as patches:
        replace_attribute(patches, Own, "name", "replaced")
        replace_attribute(patches, Own, "other", "replaced")
        assert (Own.name, Own.other) == ("replaced", "replaced")
    assert (Own.name, Own.other) == ("inherited", "own")
    assert "name" not in vars(Own)


def test_what_others_have_set_meanwhile_stays() -> None:
    patches = ExitStack()
    replace_attribute(patches, Own, "other", "replaced")
    Own.other = "theirs"
    patches.close()
    assert Own.other == "theirs"
    Own.other = "own"
