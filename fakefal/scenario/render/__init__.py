"""Renders the outcome of a call, and the events of its stream, from a compiled reply."""
