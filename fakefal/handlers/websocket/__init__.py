"""WebSocket handlers: realtime messages, sockets of apps, HTTP over WebSocket."""
