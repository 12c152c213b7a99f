"""The forward proxy: CONNECT, absolute-form requests, TLS detection."""
