"""Foreign recordings as captures, one format a file."""
