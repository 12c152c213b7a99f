"""Compiled scenarios: immutable dataclasses that the engine reads."""
