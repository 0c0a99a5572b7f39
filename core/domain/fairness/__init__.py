"""Are groups treated alike?  Rates by group, the gaps between them, and what chance alone would make of those."""
