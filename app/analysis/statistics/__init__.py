"""Statistics that several parts of the analysis use: one place for each formula."""
