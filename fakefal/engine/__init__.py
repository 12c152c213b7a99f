"""All state of the fake server. Single-threaded, no I/O, no HTTP."""
