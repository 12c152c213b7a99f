"""Jinja templates in scenario values, rendered in a sandbox that limits size and time."""
