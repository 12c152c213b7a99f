"""Endpoints, hosts, headers, credentials and the other vocabulary of fal's protocol."""
