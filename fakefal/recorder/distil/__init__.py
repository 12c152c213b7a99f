"""Turns captures into exchanges of a scenario; knows nothing of sockets or of files on disk."""
