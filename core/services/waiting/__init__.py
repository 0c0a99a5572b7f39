"""What waits for a person: one sentence each, by role, the most urgent first; the home page shows it."""
