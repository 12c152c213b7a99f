"""The command line: ``fakefal serve|check|schema|demo``, one file a command."""
