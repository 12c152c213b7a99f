"""Reads scenario files and reports mistakes with line and column."""
