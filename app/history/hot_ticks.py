"""A symbol's ticks of a trading day as Arrow batches, straight from the database, in bounded memory."""

import io
import os
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from threading import Thread
from typing import Any, Final

import psycopg2
import pyarrow as pa
import pyarrow.csv as pc
from sqlalchemy.orm import Session

from app.errors import Unavailable
from app.lake.schemas import TICK_FILE
from app.ticks.reading import copy_ticks
from app.ticks.slices import EVERYTHING, TickSlice

_BLOCK_BYTES: Final = 1 << 20
_BUFFER_BYTES: Final = 1 << 18
_PARSING: Final = pc.ParseOptions(delimiter="\t", quote_char=False, double_quote=False, escape_char=False)
_CONVERTING: Final = pc.ConvertOptions(
    column_types=TICK_FILE.columns,
    strings_can_be_null=True,
    null_values=[r"\N"],
    true_values=["t"],
    false_values=["f"],
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def stream_ticks(session: Session, day: date, symbol: str, part: TickSlice = EVERYTHING) -> Generator[pa.RecordBatch]:
    """Batches in the lake's columns and in the order of (ts, seq, source), all of one snapshot; none without ticks.

    `part` says which ticks, and in which of the columns. The session is busy until the last batch is taken. A caller
    that stops before must close the generator ahead of the session; the connection is dropped then.
    Unavailable when the database goes away, or when fewer rows arrive than it says it sent.
    """
    copy = _Copy(session, day, symbol, part)
    schema = pa.schema([TICK_FILE.columns.field(name) for name in part.columns])
    reading = pc.ReadOptions(column_names=schema.names, block_size=_BLOCK_BYTES, use_threads=False)
    rows = 0
    with copy.running() as source:
        if source.peek(1):
            for batch in pc.open_csv(source, reading, _PARSING, _CONVERTING):
                rows += batch.num_rows
                columns = [_unescaped(column) for column in batch.columns]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
    if rows != copy.sent:
        raise Unavailable(f"PostgreSQL sent {copy.sent} ticks of {symbol} on {day}, but {rows} arrived: run it again")


def _unescaped(column: pa.Array) -> pa.Array:
    # Only text can hold escapes, and all text comes as a dictionary of few values.
    if not pa.types.is_dictionary(column.type):
        return column
    values = column.dictionary.to_pylist()
    plain = [_ESCAPE.sub(_meant, value) for value in values]
    if plain == values:
        return column
    return pa.DictionaryArray.from_arrays(column.indices, pa.array(plain, pa.string()))


def _meant(escape: re.Match[str]) -> str:
    return _ESCAPED.get(escape[1], escape[1])


class _Copy:
    """COPY running in a thread of its own, so that the database works while Arrow does."""

    def __init__(self, session: Session, day: date, symbol: str, part: TickSlice) -> None:
        self._session, self._day, self._symbol, self._part = session, day, symbol, part
        self._error: Exception | None = None
        self.sent = 0

    @contextmanager
    def running(self) -> Iterator["io.BufferedReader[io.FileIO]"]:
        connection: Any = self._session.connection().connection.driver_connection
        read_end, write_end = os.pipe()
        thread = Thread(target=self._run, args=(write_end,), name="copy-ticks", daemon=True)
        with io.BufferedReader(io.FileIO(read_end), _BUFFER_BYTES) as source:
            thread.start()
            try:
                yield source
            except BaseException:
                cause = self._error
                with suppress(psycopg2.Error):
                    connection.cancel()
                source.close()
                thread.join()
                self._session.invalidate()
                if cause is not None:
                    raise self._explained(cause) from cause  # What Arrow made of the torn end is its consequence.
                raise
            thread.join()
        if self._error is not None:
            self._session.invalidate()
            raise self._explained(self._error) from self._error

    def _explained(self, error: Exception) -> Exception:
        # A connection that breaks off in the middle of a COPY may leave psycopg2 without a word of the server's.
        is_away = isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError) or (
            type(error) is psycopg2.DatabaseError and error.pgcode is None
        )
        if not is_away:
            return error
        return Unavailable(f"PostgreSQL failed while it sent {self._symbol} of {self._day}: run it again")

    def _run(self, write_end: int) -> None:
        target = io.BufferedWriter(io.FileIO(write_end, "w"), _BUFFER_BYTES)
        try:
            self.sent = copy_ticks(self._session, self._day, self._symbol, target, self._part)
        except Exception as error:
            self._error = error
        finally:
            # The reader may have gone: then there is nobody left to tell.
            with suppress(BrokenPipeError):
                target.close()
