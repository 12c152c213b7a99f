"""Named presets for replies and scenarios."""
