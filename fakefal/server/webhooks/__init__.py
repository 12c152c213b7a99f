"""Delivers webhooks: when they are due by the engine, and over HTTP."""
