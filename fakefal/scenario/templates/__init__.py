"""Templates in scenario values, rendered in a bounded sandbox."""
