"""What happened to a tenant, as text and as lists: for tests of any language."""
