"""Outcomes of openrouter/router and its OpenAI-compatible endpoints, with usage and streams."""
