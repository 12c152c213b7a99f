"""The local certificate authority, and CA bundles for programs that must trust it."""
