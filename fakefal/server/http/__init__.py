"""The HTTP side of the server: one request handler, one writer, faults on the connection."""
