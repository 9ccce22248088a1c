"""Thor: the market-data backbone of a futures desk."""

VERSION = "0.1.0"
