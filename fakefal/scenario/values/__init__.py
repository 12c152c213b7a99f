"""Seeded values and durations."""
