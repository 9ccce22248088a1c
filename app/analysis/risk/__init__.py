"""How much can be lost, and how large a position may be."""
