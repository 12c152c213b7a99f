"""Turns a compiled reply and a call into an outcome."""
