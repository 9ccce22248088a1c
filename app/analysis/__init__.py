"""The analysis: bars of the lake in, findings out; no database, no live store."""
