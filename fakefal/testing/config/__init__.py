"""Settings, marker and recordings of a test."""
