from __future__ import annotations

from fakefal.testing.redirect.escapes import EscapeBlocked, EscapeLog


def test_an_attempt_is_told_with_its_caller_and_thread() -> None:
    escapes = EscapeLog()
    assert escapes.report() == ""
    error = escapes.block("foo.fal.run is no host that the fake knows")
    assert isinstance(error, ConnectionRefusedError)
    assert isinstance(error, EscapeBlocked)
    assert "the real fal: foo.fal.run" in str(error)
    told = escapes.report()
    assert told.startswith("1 connection to the real fal refused:\nfoo.fal.run")
    assert "(thread MainThread), from:" in told
    assert 'escapes.refuse("foo.fal.run' in told
    assert "_pytest" not in told


def test_what_was_taken_is_told_once_and_many_are_counted() -> None:
    escapes = EscapeLog()
    for _ in range(150):
        escapes.block("x")
    assert len(escapes.escapes) == 100
    assert escapes.pop_report().startswith("150 connections")
    assert escapes.pop_report() == ""
