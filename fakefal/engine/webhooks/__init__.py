"""Schedules, signs and retries webhooks; the server posts them."""
