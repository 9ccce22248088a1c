"""A session's ticks as DuckDB sees them: whole, or in parts that fit into little memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import duckdb

from app.market.sessions import Session as Hours

PART_ROWS: Final = 250_000
_MINUTE: Final = timedelta(minutes=1)
# A published file is in the order of (ts, seq), so a row's number stands for both.
IN_ORDER: Final = """
SELECT *, file_row_number AS place FROM read_parquet($path, file_row_number = true) WHERE ts >= $since AND ts < $until
"""
GIVEN: Final = "SELECT *, row_number() OVER () AS place FROM given_ticks WHERE ts >= $since AND ts < $until"
TO_ORDER: Final = """
SELECT *, epoch_us(ts)::HUGEINT * 18446744073709551616 + seq AS place
FROM read_parquet($path) WHERE ts >= $since AND ts < $until
"""
_IN_SESSION: Final = """
SELECT *, (epoch_us(ts) - epoch_us($open)) // 60000000 AS minute, CASE WHEN trade THEN last END AS price FROM ({ticks})
"""


@dataclass(frozen=True, slots=True)
class SessionScan:
    """The ticks that lie in a session, each with its `minute`, its `price` if it is a trade, and its `place`.

    `place` says which of two ticks of a source comes first; it is never below 0. `ticks` is one of the questions above,
    `names` what it asks of.
    """

    connection: duckdb.DuckDBPyConnection
    ticks: str
    names: Mapping[str, str]
    hours: Hours

    def ask(self, question: str, part: Hours | None = None, **params: object) -> duckdb.DuckDBPyRelation:
        """The answer to a question in which `{ticks}` stands for the ticks of a part, or of all the session."""
        text, values = self._asked(question, part, params)
        return self.connection.sql(text, params=values)

    def run(self, statement: str, part: Hours | None = None, **params: object) -> None:
        """As `ask`, for what has an effect and no answer."""
        self.connection.execute(*self._asked(statement, part, params)).fetchall()

    def parts(self, counts: Mapping[int, int]) -> Iterator[Hours]:
        """The session in parts of whole minutes with at most PART_ROWS ticks, if no minute has more.

        `counts` says how many ticks there are in a minute, in the order of minutes.
        """
        start, rows = self.hours.open, 0
        for minute, count in counts.items():
            if rows and rows + count > PART_ROWS:
                at = self.hours.open + minute * _MINUTE
                yield Hours(self.hours.day, start, at)
                start, rows = at, 0
            rows += count
        yield Hours(self.hours.day, start, self.hours.close)

    def _asked(self, text: str, part: Hours | None, params: Mapping[str, object]) -> tuple[str, dict[str, object]]:
        span = part or self.hours
        fixed = {**self.names, "open": self.hours.open, "since": span.open, "until": span.close}
        return text.format(ticks=_IN_SESSION.format(ticks=self.ticks)), {**fixed, **params}
