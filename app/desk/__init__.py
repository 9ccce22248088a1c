"""The desk's record of its markets: their events, the snapshots of their sessions, and the certificates."""
