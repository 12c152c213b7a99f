"""What fal says: pure facts of the wire, each with its source. Imports nothing of ours."""
