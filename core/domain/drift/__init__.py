"""Drift: what moved between two sets of rows, how sure that is, and how much it matters; from counts per bin alone."""
