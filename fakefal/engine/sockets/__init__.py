"""WebSocket sessions that follow a script."""
