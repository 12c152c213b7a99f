"""One module a command; ``main.py`` imports only the one that is run."""
