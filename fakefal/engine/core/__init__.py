"""Clock, journal, request ids and keys."""
