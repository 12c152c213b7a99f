"""Writes recordings and their media, and compares them."""
