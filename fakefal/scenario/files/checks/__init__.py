"""Checks that need more than one field: what `fakefal check` warns about."""
