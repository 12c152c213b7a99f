"""Scripting replies in a test, callable replies, export as YAML."""
