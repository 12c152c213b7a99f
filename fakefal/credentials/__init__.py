"""What is a credential: by its name, by its value; for journals, logs, recordings and reports."""
