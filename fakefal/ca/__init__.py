"""The local certificate authority and the bundles that make programs trust it."""
