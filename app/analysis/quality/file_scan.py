"""A session's tick file as DuckDB is asked about it."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb

from app.market.sessions import Session
from app.market.timetable import micros_of

# A published file is in the order of (ts, seq): as its rows stream by, each meets the one before it in little memory.
AS_WRITTEN: Final = ""
SORTED: Final = "ORDER BY us, seq, place"
_NEVER: Final = 2**62
# Told to look for partitions, DuckDB would take a symbol from the folder's name in place of the one in the file.
_ROWS: Final = "read_parquet($path, file_row_number = true, hive_partitioning = false)"
_TICKS: Final = """
SELECT *, epoch_us(ts) AS us, last::DOUBLE AS price, file_row_number AS place
FROM {rows} WHERE source = $source AND epoch_us(ts) < $until
"""
_PARAMETER: Final = re.compile(r"\$([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a file is counted: a source's ticks before `until`, None for all, against the session's hours.

    `tick` is the size of a tick, None where it is not known; `regular` are the regular hours, None without any.
    """

    symbol: str
    source: str
    hours: Session
    regular: Session | None = None
    tick: Decimal | None = None
    until: datetime | None = None

    def end_of(self, hours: Session) -> datetime:
        """When hours are over, or cut."""
        return hours.close if self.until is None else min(hours.close, self.until)


@dataclass(frozen=True, slots=True)
class FileScan:
    """A file and what of it is counted; the connection must have one thread, which keeps the order of the file."""

    connection: duckdb.DuckDBPyConnection
    path: Path
    scope: Scope

    def ask(self, question: str, *, order: str = AS_WRITTEN, **parts: str) -> list[dict[str, Any]]:
        """The rows of an answer, by column.

        In the question `{rows}` stands for all rows of the file, `{ticks}` for the ticks that are counted, with their
        time `us`, their `price` and their `place` in the file, `{order}` for the order of windows, and `$name` for a
        fact of the scope.
        """
        text = question.format(rows=_ROWS, ticks=_TICKS.format(rows=_ROWS), order=order, **parts)
        asked = set(_PARAMETER.findall(text))
        params = {name: value for name, value in self._facts().items() if name in asked}
        answer = self.connection.sql(text, params=params)
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]

    def _facts(self) -> dict[str, Any]:
        scope = self.scope
        regular = scope.regular or scope.hours
        return {
            "path": str(self.path.absolute()),
            "symbol": scope.symbol,
            "source": scope.source,
            "day": scope.hours.day,
            "tick": scope.tick,
            "until": _NEVER if scope.until is None else micros_of(scope.until),
            "open": micros_of(scope.hours.open),
            "close": micros_of(scope.hours.close),
            "regular_open": micros_of(regular.open),
            "regular_close": micros_of(regular.close),
        }
