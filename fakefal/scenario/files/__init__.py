"""Reads scenario files and reports every problem with its line and column."""
