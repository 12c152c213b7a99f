from __future__ import annotations

from fakefal.testing.redirect.escapes import EscapeBlocked, EscapeLog


def test_an_escape_is_reported_with_its_caller_and_thread() -> None:
    escapes = EscapeLog()
    assert escapes.report() == ""
    error = escapes.block("foo.fal.run is no host that the fake knows")
    assert isinstance(error, ConnectionRefusedError)
    assert isinstance(error, EscapeBlocked)
    assert "the real fal: foo.fal.run" in str(error)
    report = escapes.report()
    assert report.startswith("1 connection to the real fal blocked:\nfoo.fal.run")
    assert "(thread MainThread), from:" in report
    assert 'escapes.block("foo.fal.run' in report
    assert "_pytest" not in report


def test_popped_escapes_are_reported_once_and_all_are_counted() -> None:
    escapes = EscapeLog()
    for _ in range(150):
        escapes.block("x")
    assert len(escapes.escapes) == 100
    assert escapes.pop_report().startswith("150 connections")
    assert escapes.pop_report() == ""
