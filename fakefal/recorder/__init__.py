"""Records traffic with an upstream, and turns it, or other tools' recordings, into scenarios."""
