"""Options, safety checks and replays of recordings."""
