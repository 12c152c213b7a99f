"""The job state machine, runners, retries and retention."""
