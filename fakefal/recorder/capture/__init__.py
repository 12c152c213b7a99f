"""Forwards requests to fal and captures what was exchanged, without secrets."""
