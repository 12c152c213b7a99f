"""Generated media files and references to files in outputs."""
