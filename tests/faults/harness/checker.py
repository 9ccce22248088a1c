"""The judge: what was acknowledged must be stored, what is stored must have been published, each exactly once."""

import io
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from tests.faults.harness.ledger import SOURCE, SYMBOLS, Ledger

_ROWS = f"""
COPY (
    SELECT volume, seq, symbol, (extract(epoch FROM ts) * 1000000)::bigint, (last * 4)::bigint, session_date::text
    FROM ticks WHERE source = '{SOURCE}'
) TO STDOUT (FORMAT csv, NULL '-1')
"""
_SHOWN = 5


@dataclass(frozen=True)
class Audit:
    """Storage held against the ledger, counted in events.

    `lost` were acknowledged and are not stored; `doubled` are rows beyond the first of their event; `foreign` are rows
    that nobody published so; `reused` are events under numbers that are not higher than those of the events before.
    """

    attempted: int
    acked: int
    stored: int
    lost: int
    doubled: int
    foreign: int
    reused: int
    dead: int
    examples: tuple[int, ...] = ()

    def wrong(self, *, lost: int = 0, dead: int = 0) -> list[str]:
        """What breaks the promise, as sentences; `lost` and `dead` are how many of them were brought about."""
        found = {
            f"{self.lost:,} acknowledged events are not stored, {lost:,} may be missing; such as": self.lost != lost,
            f"{self.doubled:,} events are stored more than once, such as": self.doubled > 0,
            f"{self.foreign:,} rows hold what nobody published, such as": self.foreign > 0,
            f"{self.reused:,} sequence numbers did not increase": self.reused > 0,
            f"{self.dead:,} dead letters, expected {dead:,}": self.dead != dead,
        }
        return [f"{sentence} {list(self.examples)}" for sentence, holds in found.items() if holds]

    def figures(self) -> dict[str, object]:
        """What the table shows of it."""
        return {"acked": self.acked, "stored": self.stored, "lost": self.lost, "doubled": self.doubled}


def audit(sessions: sessionmaker[Session], ledger: Ledger) -> Audit:
    """Hold every stored row of the feed's source against the ledger."""
    rows = _read(sessions)
    index = rows[0]
    known = (index >= 0) & (index < ledger.size)
    attempted, acked = ledger.attempted, ledger.acked
    times = np.bincount(index[known], minlength=ledger.size)
    foreign = ~known
    foreign[known] = ~attempted[index[known]] | _differs(ledger, tuple(column[known] for column in rows))
    lost, doubled = acked & (times == 0), np.maximum(times - 1, 0)
    seqs = ledger.seqs[attempted]
    examples = (*np.flatnonzero(lost)[:_SHOWN], *np.flatnonzero(doubled)[:_SHOWN], *index[foreign][:_SHOWN])
    return Audit(
        attempted=int(attempted.sum()),
        acked=int(acked.sum()),
        stored=int((times > 0).sum()),
        lost=int(lost.sum()),
        doubled=int(doubled.sum()),
        foreign=int(foreign.sum()),
        reused=int((np.diff(seqs) <= 0).sum()),
        dead=_dead_letters(sessions),
        examples=tuple(int(one) for one in examples),
    )


_Columns = tuple["np.ndarray[tuple[int], np.dtype[np.int64]]", ...]


def _read(sessions: sessionmaker[Session]) -> _Columns:
    buffer = io.BytesIO()
    with sessions() as session:
        cursor = session.connection().connection.cursor()
        cursor.copy_expert(_ROWS, buffer)
    if not buffer.tell():
        return tuple(np.empty(0, np.int64) for _ in range(6))
    buffer.seek(0)
    names = ["volume", "seq", "symbol", "ts_us", "quarters", "day"]
    types = {"symbol": pa.string(), "day": pa.string()}
    table = pa_csv.read_csv(
        buffer, pa_csv.ReadOptions(column_names=names), convert_options=pa_csv.ConvertOptions(column_types=types)
    )
    symbols = [SYMBOLS.index(name) if name in SYMBOLS else -1 for name in table["symbol"].to_pylist()]
    days = np.array(table["day"].to_pylist(), "datetime64[D]").astype(np.int64)
    numbers = {name: table[name].to_numpy().astype(np.int64) for name in ("volume", "seq", "ts_us", "quarters")}
    return (
        numbers["volume"],
        numbers["seq"],
        np.array(symbols, np.int64),
        numbers["ts_us"],
        numbers["quarters"],
        days,
    )


def _differs(ledger: Ledger, rows: _Columns) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    index, seq, symbol, ts_us, quarters, day = rows
    first = ledger.event(0, 0)
    later = (index > ledger.size * 2 // 3).astype(np.int64)
    start_us = int(first.ts.timestamp()) * 1_000_000
    return (
        (seq != ledger.seqs[index])
        | (symbol != index % len(SYMBOLS))
        | (ts_us != start_us + index // 4 * 1000 + later * 86_400_000_000)
        | (quarters != 26_800 + index % 400)
        | (day != np.datetime64(first.session_date).astype(np.int64) + later)
    )


def _dead_letters(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        return int(session.scalar(text("SELECT count(*) FROM dead_letters")) or 0)
