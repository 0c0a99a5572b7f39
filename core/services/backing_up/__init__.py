"""Backups: made by themselves, read again, put back, tried out."""
