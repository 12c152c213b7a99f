"""Uploaded and generated files, uploads in progress, and tokens."""
