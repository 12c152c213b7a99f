"""Limits of a WebSocket's close frame."""

from __future__ import annotations

CLOSE_REASON_BYTES = 123
"""A control frame has at most 125 bytes, two of which are the code (RFC 6455 section 5.5)."""
