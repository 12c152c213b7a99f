"""What is happening: all state of the fake. One thread, no I/O, no HTTP."""
