"""The source SCHWAB: level-one quotes of the Schwab Trader API."""
