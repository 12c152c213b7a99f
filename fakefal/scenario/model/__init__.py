"""The scenario format as pydantic models: what a scenario file may contain."""
