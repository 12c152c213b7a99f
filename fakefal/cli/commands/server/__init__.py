"""Commands that read a running server."""
