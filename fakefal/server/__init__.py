"""The parts put together: one HTTP handler, the server around it, and its thread."""
