"""Errors of fal's API, the catalog of situations, and faults on the connection."""
