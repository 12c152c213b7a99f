"""Checks of a scenario that involve more than one field; the models check single fields."""
