"""What a test can look at: calls, jobs, webhooks, clock, and the checks at its end."""
