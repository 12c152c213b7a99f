"""WebSocket handlers: realtime sessions, scripted sockets of apps, HTTP over WebSocket."""
