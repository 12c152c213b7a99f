"""The pytest side: the plugin, its fixtures, and the redirection of clients in this process."""
