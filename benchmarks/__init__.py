"""How fast Thor is, each measure as a ratio to its limit in the same run."""
