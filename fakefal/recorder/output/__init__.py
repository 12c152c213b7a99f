"""Writes recordings and their files to disk, and compares two recordings."""
