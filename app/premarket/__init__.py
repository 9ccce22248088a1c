"""The pre-market ladder: which stages lead up to a market's open, when, and what became of each."""
