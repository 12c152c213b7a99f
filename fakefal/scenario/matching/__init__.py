"""Matches calls against ``when``: literals, operators, functions, and the reasons of a miss."""
