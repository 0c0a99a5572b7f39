"""What is kept of a person and for how long: ids as keyed hashes, retention, everything about one entity."""
