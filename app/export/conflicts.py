"""Ticks that contradict what the lake has of the same event: kept as dead letters, where they can be looked at."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

import pyarrow as pa
from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.ledger.models import DeadLetter
from app.market.timetable import micros_of
from app.quotes import FIELD_NAMES, Quote, to_fields

ROWS_AT_ONCE: Final = 1_000
_REASON: Final = "conflict: the lake has an event with this symbol, ts, source and seq and other content"


class ConflictSpool:
    """Ticks on the disk until they are saved, because all late ticks of a day may contradict it.

    They lie in `folder` in a file without a name, which is gone when this is closed or its process ends.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._writer: pa.RecordBatchStreamWriter | None = None

    def add(self, ticks: pa.Table) -> None:
        """Keep the rows of a table; all tables have the same columns. OSError when the disk is full."""
        if not ticks.num_rows:
            return
        if self._writer is None:
            self._file = TemporaryFile(dir=self._folder)  # noqa: SIM115  (closed by `close`)
            self._writer = pa.ipc.new_stream(self._file, ticks.schema)
        self._writer.write_table(ticks, max_chunksize=ROWS_AT_ONCE)

    def rows(self) -> Iterator[list[dict[str, Any]]]:
        """All rows in the order in which they came, a mapping of column to value each, at most 1,000 at once."""
        if self._file is None:
            return
        self._file.flush()
        self._file.seek(0)
        for batch in pa.ipc.open_stream(self._file):
            yield batch.to_pylist()

    def close(self) -> None:
        """Forget them."""
        if self._file is not None:
            self._file.close()


def save_conflicts(session: Session, day: date, pieces: Iterable[list[dict[str, Any]]], now: datetime) -> None:
    """Keep each tick of a day, a mapping of column to value, as an open dead letter with the fields in their wire form.

    Needs no more memory than one of the pieces.
    """
    saved = 0
    for ticks in pieces:
        rows = [_row(tick, f"merge:{day:%Y%m%d}:{micros_of(now):x}:{saved + n}") for n, tick in enumerate(ticks)]
        session.execute(insert(DeadLetter), rows)
        saved += len(rows)


def _row(tick: dict[str, Any], letter_id: str) -> dict[str, Any]:
    quote = Quote(**{name: value for name, value in tick.items() if name in FIELD_NAMES})
    flat = to_fields(quote)
    return {
        "stream_id": letter_id,
        "reason": _REASON,
        "fields": dict(zip(flat[::2], flat[1::2], strict=True)),
        "source": quote.source,
        "symbol": quote.symbol,
        "session_date": quote.session_date,
    }
