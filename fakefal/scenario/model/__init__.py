"""What may be written in a scenario file, as pydantic models."""
