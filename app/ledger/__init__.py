"""The ledger: what became of every published event that is not simply a row of ticks."""
