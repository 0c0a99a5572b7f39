"""Experiments: who meets which arm, whether the split held, what may be read when, and when to turn back."""
