"""HTTP, SSE and WebSocket handlers: they translate requests into engine calls, without state."""
