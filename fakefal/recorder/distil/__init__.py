"""Turns captures into exchanges of a scenario."""
