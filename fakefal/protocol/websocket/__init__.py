"""Realtime messages and HTTP over WebSocket."""
