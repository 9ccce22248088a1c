"""The feed's own record of what it made, and storage held against it."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from app.quotes import Quote
from tests.faults.harness.ledger import Ledger

# Not what the simulation quotes, so that every part is seen at work.
SYMBOLS: Final = ("ZN", "6E", "ZF")
SOURCE: Final = "SCHWAB"
_ROWS: Final = f"""
COPY (SELECT volume, seq, (extract(epoch FROM ts) * 1000000)::bigint, (last * 4)::bigint, ascii(substr(symbol, 2))
      FROM ticks WHERE source = '{SOURCE}') TO STDOUT (FORMAT csv, NULL '-1')
"""
_LETTERS: Final = np.array([ord(symbol[1]) for symbol in SYMBOLS])
Rows = np.ndarray[tuple[int, int], np.dtype[np.int64]]


class Record(Ledger):
    """A ledger of events that become due at a steady rate: event `i` at `began` + `i` / `rate_per_s`, and not before.

    So what an event says follows from its place, and no row can be right by chance.
    """

    def __init__(
        self, path: Path, size: int, began: datetime, rate_per_s: float, day_of: Callable[[datetime], date]
    ) -> None:
        super().__init__(path, size)
        self.began, self.rate_per_s, self._day_of = began, rate_per_s, day_of

    def due(self, now: datetime) -> int:
        """How many events are due."""
        return max(0, min(self.size, int((now - self.began).total_seconds() * self.rate_per_s)))

    def event(self, index: int, seq: int) -> Quote:
        """Event `index`, with its number."""
        ts = self.began + timedelta(microseconds=round(index * 1e6 / self.rate_per_s))
        return Quote(
            symbol=SYMBOLS[index % len(SYMBOLS)],
            source=SOURCE,
            seq=seq,
            ts=ts,
            recv_ts=ts,
            session_date=self._day_of(ts),
            last=Decimal(26_800 + index % 400) / 4,
            last_size=1 + index % 7,
            volume=index,
            trade=True,
        )


@dataclass(frozen=True)
class Held:
    """Storage held against the record, in events.

    `lost` were accepted and are not stored; `doubled` are rows beyond the first of their event; `foreign` are rows that
    nobody published so; `in_doubt` were about to be published when their process died, and may be stored or not.
    """

    accepted: int
    in_doubt: int
    stored: int
    lost: int
    doubled: int
    foreign: int
    examples: tuple[int, ...] = ()

    def wrong(self) -> list[str]:
        """What breaks the promise, as sentences."""
        told = {"lost": self.lost, "doubled": self.doubled, "stored and never published": self.foreign}
        return [f"{count:,} events are {what}, such as {list(self.examples)}" for what, count in told.items() if count]


def hold(record: Record, rows: Rows) -> Held:
    """Hold rows of (index, seq, microseconds, quarters, second letter) against the record, as sets."""
    index = rows[:, 0]
    known = (index >= 0) & (index < record.size)
    attempted, accepted = record.attempted, record.acked
    times = np.bincount(index[known], minlength=record.size)
    foreign = ~known
    foreign[known] = ~attempted[index[known]] | _differs(record, rows[known])
    lost, doubled = accepted & (times == 0), np.maximum(times - 1, 0)
    examples = (*np.flatnonzero(lost)[:5], *np.flatnonzero(doubled)[:5], *index[foreign][:5])
    return Held(
        accepted=int(accepted.sum()),
        in_doubt=int((attempted & ~accepted).sum()),
        stored=int((times > 0).sum()),
        lost=int(lost.sum()),
        doubled=int(doubled.sum()),
        foreign=int(foreign.sum()),
        examples=tuple(int(one) for one in examples),
    )


def stored_rows(sessions: sessionmaker[Session]) -> Rows:
    """Every row of the feed's source in the database, as `hold` takes them."""
    buffer = io.BytesIO()
    with sessions() as session:
        session.connection().connection.cursor().copy_expert(_ROWS, buffer)
    if not buffer.tell():
        return np.empty((0, 5), np.int64)
    buffer.seek(0)
    return np.loadtxt(buffer, np.int64, delimiter=",", ndmin=2)


def remove_one(sessions: sessionmaker[Session], record: Record) -> int:
    """Take an accepted event out of the database, behind everybody's back, for trials; which one it was."""
    index = int(np.flatnonzero(record.acked)[-1]) // 2
    with sessions.begin() as session:
        session.execute(
            text("DELETE FROM ticks WHERE source = :source AND seq = :seq"),
            {"source": SOURCE, "seq": int(record.seqs[index])},
        )
    return index


def _differs(record: Record, rows: Rows) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    index, seq, ts_us, quarters, letter = rows.T
    began_us = round((record.began - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
    due_us = began_us + np.rint(index * 1e6 / record.rate_per_s).astype(np.int64)
    return np.asarray(
        (seq != record.seqs[index])
        | (ts_us != due_us)
        | (quarters != 26_800 + index % 400)
        | (letter != _LETTERS[index % len(SYMBOLS)])
    )
