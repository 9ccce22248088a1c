"""Ticks to bars, as questions to DuckDB: one pass over the ticks makes minutes, and minutes make every timeframe.

A bar of a source holds the ticks of its bucket; buckets are counted from the session's open. Prices are those of ticks
that carry a trade. A source that flags none in a session has its trades inferred: a tick whose price or volume is new.

`volume` is the growth of the source's cumulative counter, per contract, since the bar before, as `app.history.volume`
counts it: what comes in a bucket without a price falls to the next bar.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from app.errors import Unavailable
from app.history.session_scan import GIVEN, IN_ORDER, TO_ORDER, SessionScan
from app.history.volume import Growth
from app.lake.inspection import holds_one_value, labels_of
from app.lake.layout import TIMEFRAMES
from app.lake.schemas import BAR_FILE, TICK_FILE
from app.market.sessions import Session

_INFERRED: Final = """
CREATE OR REPLACE TEMP TABLE inferred AS
SELECT * REPLACE (CASE WHEN
    last IS DISTINCT FROM lag(last IGNORE NULLS) OVER earlier OR volume > lag(volume IGNORE NULLS) OVER earlier
THEN last END AS price)
FROM (
    SELECT source, place, minute, last, volume, price FROM ({ticks}) WHERE source IN (SELECT unnest($silent))
    UNION ALL SELECT source, -1, NULL, last, volume, NULL FROM last_seen
) WINDOW earlier AS (PARTITION BY source ORDER BY place)
"""
_NOTHING_SEEN: Final = "CREATE OR REPLACE TEMP TABLE last_seen AS SELECT source, last, volume FROM ({ticks}) LIMIT 0"
_LAST_SEEN: Final = """
CREATE OR REPLACE TEMP TABLE last_seen AS
SELECT source, arg_max(last, place) AS last, arg_max(volume, place) AS volume FROM inferred GROUP BY source
"""
_MINUTES: Final = """
SELECT source, minute, count(*) AS tick_count,
    arg_min(price, place) AS open, max(price) AS high, min(price) AS low, arg_max(price, place) AS close,
    arg_min(volume, place) AS v_first, arg_max(volume, place) AS v_last, min(volume) AS v_min, max(volume) AS v_max
FROM ({ticks}) GROUP BY source, minute
"""
_INSERT_INFERRED: Final = "INSERT INTO minutes " + _MINUTES.format(ticks="FROM inferred WHERE place >= 0")
# A steady counter was there in the first minute and never fell, so that its value is what was traded since the open.
_SOURCES: Final = """
SELECT source, count(open) = 0 AS silent, coalesce(
    min(minute) FILTER (v_last IS NOT NULL) = 0
    AND bool_and(v_first = v_min AND v_last = v_max AND v_first >= coalesce(before, v_first)), true
) AS steady
FROM (SELECT *, lag(v_last IGNORE NULLS) OVER (PARTITION BY source ORDER BY minute) AS before FROM minutes)
GROUP BY source ORDER BY source
"""
_COUNTS: Final = "SELECT minute, sum(tick_count)::BIGINT FROM minutes GROUP BY minute ORDER BY minute"
_SEVERAL_CONTRACTS: Final = """
SELECT source FROM ({ticks}) GROUP BY source HAVING count(DISTINCT coalesce(contract, '')) > 1
"""
_COUNTED: Final = """
SELECT source, contract, minute, volume, trade, last_size FROM ({ticks})
WHERE volume IS NOT NULL AND source IN (SELECT unnest($unsteady)) ORDER BY place
"""
_PUT_TOTALS: Final = """
UPDATE minutes SET v_last = totals.total FROM totals
WHERE minutes.source = totals.source AND minutes.minute = totals.minute AND v_last IS NOT NULL
"""
_BARS: Final = """
WITH slots AS (
    SELECT source, minute * 60 // $seconds AS slot, arg_min(open, minute) AS open, max(high) AS high,
        min(low) AS low, arg_max(close, minute) AS close, sum(tick_count)::BIGINT AS tick_count,
        arg_max(v_last, minute) AS total
    FROM minutes GROUP BY ALL
), bars AS (
    SELECT *, $open + to_seconds(slot * $seconds) AS t_open,
        least($open + to_seconds((slot + 1) * $seconds), $close) AS t_close,
        total - coalesce(lag(total IGNORE NULLS) OVER (PARTITION BY source ORDER BY slot), 0) AS volume
    FROM slots WHERE open IS NOT NULL
)
SELECT $symbol AS symbol, source, $day::DATE AS session_date, t_open, t_close,
    open, high, low, close, volume, tick_count
FROM bars WHERE t_close <= $known_until ORDER BY t_open, source
"""


# The columns of ticks that bars are made of.
BAR_INPUT: Final = ("source", "seq", "ts", "contract", "last", "last_size", "volume", "trade")


def build_bars(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    symbol: str,
    hours: Session,
    known_until: datetime,
    timeframes: Iterable[str],
) -> dict[str, pa.Table]:
    """A tick file's bars per timeframe, in the columns and the order of a bar file; buckets without a price are absent.

    Ticks outside of the session's `[open, close)` do not count. A bar is left out until `known_until` reaches its
    `t_close`; the last bar closes with the session. The memory that it needs does not grow with the session.
    Conflict when the file is damaged, Unavailable when DuckDB may not even take so much memory.
    """
    in_order = labels_of(path).get("sorted_by") == ",".join(TICK_FILE.sorted_by)
    scan = SessionScan(connection, IN_ORDER if in_order else TO_ORDER, {"path": str(path.absolute())}, hours)
    with _explained(symbol, hours):
        _gather_minutes(scan, several_contracts=not holds_one_value(path, "contract"))
        return _make_bars(connection, symbol, hours, known_until, timeframes)


def build_bars_of(
    connection: duckdb.DuckDBPyConnection,
    ticks: pa.Table,
    symbol: str,
    hours: Session,
    known_until: datetime,
    timeframes: Iterable[str],
) -> dict[str, pa.Table]:
    """As `build_bars`, of a table with the columns `BAR_INPUT` in the order of (ts, seq, source)."""
    connection.register("given_ticks", ticks)
    try:
        with _explained(symbol, hours):
            _gather_minutes(SessionScan(connection, GIVEN, {}, hours), several_contracts=True)
            return _make_bars(connection, symbol, hours, known_until, timeframes)
    finally:
        connection.unregister("given_ticks")


@contextmanager
def _explained(symbol: str, hours: Session) -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise Unavailable(
            f"the session {hours.day} of {symbol} is too large for the memory that bars may take"
        ) from None


def _make_bars(
    connection: duckdb.DuckDBPyConnection,
    symbol: str,
    hours: Session,
    known_until: datetime,
    timeframes: Iterable[str],
) -> dict[str, pa.Table]:
    fixed = {"symbol": symbol, "day": hours.day, "open": hours.open, "close": hours.close, "known_until": known_until}
    questions = {name: {**fixed, "seconds": TIMEFRAMES[name]} for name in timeframes}
    return {
        name: connection.sql(_BARS, params=params).to_arrow_table().cast(BAR_FILE.columns)
        for name, params in questions.items()
    }


def _gather_minutes(scan: SessionScan, *, several_contracts: bool) -> None:
    scan.run(f"CREATE OR REPLACE TEMP TABLE minutes AS {_MINUTES}")
    sources = scan.connection.sql(_SOURCES).fetchall()
    parts = list(scan.parts(dict(scan.connection.sql(_COUNTS).fetchall())))
    if silent := [source for source, is_silent, _ in sources if is_silent]:
        _infer_trades(scan, parts, silent)
    unsteady = {source for source, _, steady in sources if not steady}
    if several_contracts:
        unsteady |= {source for (source,) in scan.ask(_SEVERAL_CONTRACTS).fetchall()}
    if unsteady:
        _count_volume(scan, parts, sorted(unsteady))


def _infer_trades(scan: SessionScan, parts: Iterable[Session], silent: Sequence[str]) -> None:
    scan.connection.execute("DELETE FROM minutes WHERE source IN (SELECT unnest($1))", [silent]).fetchall()
    scan.run(_NOTHING_SEEN)
    for part in parts:
        scan.run(_INFERRED, part, silent=silent)
        for statement in (_INSERT_INFERRED, _LAST_SEEN):
            scan.connection.execute(statement).fetchall()


def _count_volume(scan: SessionScan, parts: Iterable[Session], unsteady: Sequence[str]) -> None:
    growth = Growth(-((scan.hours.open - scan.hours.close) // timedelta(minutes=1)))
    for part in parts:
        growth.add(scan.ask(_COUNTED, part, unsteady=unsteady).to_arrow_table())
    scan.connection.register("totals", growth.totals())
    try:
        scan.connection.execute(_PUT_TOTALS).fetchall()
    finally:
        scan.connection.unregister("totals")
