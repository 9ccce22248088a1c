"""Thor: the market-data backbone of a futures desk."""
