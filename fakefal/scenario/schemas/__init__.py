"""Endpoints' own API descriptions: they validate inputs, make outputs and check scripted ones."""
