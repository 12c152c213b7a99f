"""The control API: what tests and people outside the process may ask and change."""
