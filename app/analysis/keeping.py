"""What results are kept in between runs, as the analysis sees it, and how often that spared work."""

from typing import Protocol


class Keep(Protocol):
    """Where results are kept between runs."""

    def get(self, kind: str, key: str) -> bytes | None:
        """What was kept, None when there is nothing whole."""

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Keep it; a store that is full or broken only costs the next run time."""


class CountedKeep:
    """A store, or none, that counts what it had and what it lacked."""

    def __init__(self, keep: Keep | None) -> None:
        self._keep = keep
        self.hits = 0
        self.misses = 0

    def get(self, kind: str, key: str) -> bytes | None:
        """What was kept, None when there is nothing whole."""
        found = None if self._keep is None else self._keep.get(kind, key)
        self.hits += found is not None
        self.misses += found is None
        return found

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Keep it, where there is a store."""
        if self._keep is not None:
            self._keep.put(kind, key, data)
