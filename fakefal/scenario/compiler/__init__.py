"""Compiles the pydantic models into what the engine reads."""
