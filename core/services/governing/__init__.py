"""Which model acts, who let it, and by which policy."""
