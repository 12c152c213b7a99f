"""Reads other tools' recordings as captures; one module for each format."""
