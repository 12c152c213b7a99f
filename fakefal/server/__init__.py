"""The server: HTTP handler, proxy server, webhook dispatcher, and a thread to run them in."""
