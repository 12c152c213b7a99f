"""Commands that change a project of the user."""
