"""Complaints: a case, its file, its cause by the stated table."""
