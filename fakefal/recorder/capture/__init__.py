"""Forwards requests to fal and captures them with their responses; knows how to redact secrets."""
