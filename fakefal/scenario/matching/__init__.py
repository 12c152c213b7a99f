"""Matchers and conditions of `when`."""
