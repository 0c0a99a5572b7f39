"""Champion, challengers and rules on the same rows: evidence, plans, verdicts, experiments."""
