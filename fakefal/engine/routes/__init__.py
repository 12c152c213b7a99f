"""The routes of a tenant: which one answers a request, and how often each was used."""
