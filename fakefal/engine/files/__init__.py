"""Uploaded and generated files, tokens and outputs."""
