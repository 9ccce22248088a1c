"""Rules of the house that a reader cannot be trusted to remember; each of them can fail."""
