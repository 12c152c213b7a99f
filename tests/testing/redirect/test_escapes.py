from __future__ import annotations

from fakefal.testing.redirect.escapes import EscapeRefused, Escapes


def test_an_attempt_is_told_with_its_caller_and_thread() -> None:
    escapes = Escapes()
    assert escapes.told() == ""
    error = escapes.refuse("foo.fal.run is no host that the fake knows")
    assert isinstance(error, ConnectionRefusedError)
    assert isinstance(error, EscapeRefused)
    assert "the real fal: foo.fal.run" in str(error)
    told = escapes.told()
    assert told.startswith("1 connection to the real fal refused:\nfoo.fal.run")
    assert "(thread MainThread), from:" in told
    assert 'escapes.refuse("foo.fal.run' in told
    assert "_pytest" not in told


def test_what_was_taken_is_told_once_and_many_are_counted() -> None:
    escapes = Escapes()
    for _ in range(150):
        escapes.refuse("x")
    assert len(escapes.found) == 100
    assert escapes.take().startswith("150 connections")
    assert escapes.take() == ""
