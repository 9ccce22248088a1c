"""Whether the data can carry an analysis."""
