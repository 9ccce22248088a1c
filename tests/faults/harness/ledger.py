"""The feed's own account of every event: given to publish, and known to be accepted."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from app.quotes import Quote
from tests.factories import DAY, MOMENT

SYMBOLS = ("ES", "NQ", "GC")
SOURCE = "SCHWAB"
_ONE_DAY = timedelta(days=1)
_HEAD = 4  # Numbers before the arrays: size, answers that were ok, refusals, answers that never came.


class Ledger:
    """Which of `size` events were attempted under which number, and acknowledged; a file that outlives its writer.

    Every mark is in the kernel's hands as soon as it is made, so that a process killed between two marks has made the
    first of them. Event `i` carries `i` as its volume, which is how storage is held against the ledger.
    """

    def __init__(self, path: Path, size: int = 0) -> None:
        """Make the file for `size` events, or open the one that is there."""
        is_new = not path.exists()
        if not is_new:
            size = (path.stat().st_size // 8 - _HEAD) // 2
        words = np.memmap(path, dtype=np.int64, mode="w+" if is_new else "r+", shape=(_HEAD + 2 * size,))
        self._head, self.seqs, self._marks = words[:_HEAD], words[_HEAD : _HEAD + size], words[_HEAD + size :]
        if is_new:
            self._head[0] = size
        self.path, self.size = path, size

    def event(self, index: int, seq: int) -> Quote:
        """Event `index`, with its number; several share an instant, and the last third is of another trading day."""
        later = index > self.size * 2 // 3
        ts = MOMENT + timedelta(milliseconds=index // 4) + _ONE_DAY * later
        return Quote(
            symbol=SYMBOLS[index % len(SYMBOLS)],
            source=SOURCE,
            seq=seq,
            ts=ts,
            recv_ts=ts,
            session_date=DAY + _ONE_DAY * later,
            last=Decimal(26_800 + index % 400) / 4,
            last_size=1 + index % 7,
            volume=index,
            trade=True,
        )

    def attempt(self, first: int, seqs: Sequence[int]) -> None:
        """The events from `first` on are about to be published under these numbers."""
        self.seqs[first : first + len(seqs)] = seqs
        self._marks[first : first + len(seqs)] |= 1

    def acknowledge(self, first: int, count: int) -> None:
        """Their publishing returned."""
        self._marks[first : first + count] |= 2
        self._head[1] += 1

    def refuse(self) -> None:
        """A batch was refused: nothing of it was published."""
        self._head[2] += 1

    def lose_sight(self) -> None:
        """A batch was sent and no answer came: published or not, nobody knows."""
        self._head[3] += 1

    @property
    def attempted(self) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Whether each event was given to publish."""
        return (self._marks & 1) > 0

    @property
    def acked(self) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Whether each event's publishing returned."""
        return (self._marks & 2) > 0

    @property
    def unanswered(self) -> int:
        """Batches that were sent without an answer, each time they were."""
        return int(self._head[3])

    @property
    def next_index(self) -> int:
        """The first event after all that were attempted."""
        attempted = np.flatnonzero(self._marks & 1)
        return int(attempted[-1]) + 1 if attempted.size else 0
