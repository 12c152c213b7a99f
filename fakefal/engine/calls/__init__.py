"""Resolves a call: exchange, outcome, faults, admission to the queue."""
