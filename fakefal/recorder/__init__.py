"""Records conversations with an upstream, and makes scenarios of them and of foreign recordings."""
