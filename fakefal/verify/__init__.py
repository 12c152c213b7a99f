"""Compares a server with what the real fal was recorded to send, by probes that cost nothing."""
