"""Redirects clients of the test process and its children to the fake."""
