"""Other ways to reach the fake: certificates of its own, for TLS."""
