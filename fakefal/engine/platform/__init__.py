"""What the platform keeps for an account beside calls and files."""
