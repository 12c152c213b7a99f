"""Tests of the hooks for Python."""
