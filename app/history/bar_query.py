"""Ticks to bars, as questions to DuckDB: one pass over the ticks makes minutes, and minutes make every timeframe.

A bar of a source holds the ticks of its bucket; buckets are counted from the session's open. Prices are those of ticks
that carry a trade. A source that flags none in a session has its trades inferred: a tick whose price or volume is new.

`volume` is the growth of the source's cumulative counter, per contract, since the bar before: what comes in a bucket
without a price falls to the next bar. The counter starts from 0 when its first tick lies in the first minute, else from
just before that tick's own trade. A fall to less than half is a restart from 0; a smaller fall is a correction, and
only what exceeds the highest value counts again. What a counter showed at the open, without a trade, before it
restarted is the previous session's and does not count.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from app.lake.inspection import holds_one_value, labels_of
from app.lake.layout import TIMEFRAMES
from app.lake.schemas import BAR_FILE, TICK_FILE
from app.market.sessions import Session

# A published file is in the order of (ts, seq), so a row's number stands for both.
_IN_ORDER: Final = "SELECT *, file_row_number AS place FROM read_parquet($path, file_row_number = true)"
_GIVEN: Final = "SELECT *, row_number() OVER () AS place FROM given_ticks"
_TO_ORDER: Final = "SELECT *, row_number() OVER (ORDER BY ts, seq) AS place FROM read_parquet($path)"
_IN_SESSION: Final = """
SELECT *, (epoch_us(ts) - epoch_us($open)) // 60000000 AS minute, CASE WHEN trade THEN last END AS price
FROM ({ticks}) WHERE ts >= $open AND ts < $close
"""
_INFERRED: Final = """
SELECT * REPLACE (CASE WHEN
    last IS DISTINCT FROM lag(last IGNORE NULLS) OVER earlier OR volume > lag(volume IGNORE NULLS) OVER earlier
THEN last END AS price)
FROM ({ticks}) WHERE source IN (SELECT unnest($silent)) WINDOW earlier AS (PARTITION BY source ORDER BY place)
"""
_MINUTES: Final = """
SELECT source, minute, count(*) AS tick_count,
    arg_min(price, place) AS open, max(price) AS high, min(price) AS low, arg_max(price, place) AS close,
    arg_min(volume, place) AS v_first, arg_max(volume, place) AS v_last, min(volume) AS v_min, max(volume) AS v_max
FROM ({ticks}) GROUP BY source, minute
"""
# A steady counter was there in the first minute and never fell, so that its value is what was traded since the open.
_SOURCES: Final = """
SELECT source, count(open) = 0 AS silent, coalesce(
    min(minute) FILTER (v_last IS NOT NULL) = 0
    AND bool_and(v_first = v_min AND v_last = v_max AND v_first >= coalesce(before, v_first)), true
) AS steady
FROM (SELECT *, lag(v_last IGNORE NULLS) OVER (PARTITION BY source ORDER BY minute) AS before FROM minutes)
GROUP BY source ORDER BY source
"""
_SEVERAL_CONTRACTS: Final = """
SELECT source FROM ({ticks}) GROUP BY source HAVING count(DISTINCT coalesce(contract, '')) > 1
"""
# `run` counts the restarts so far, `mark` is the highest value of the run before this row.
_COUNT_VOLUME: Final = """
UPDATE minutes SET v_last = counted.total FROM (
    WITH seen AS (
        SELECT *, coalesce(volume * 2 < lag(volume) OVER (PARTITION BY source, contract ORDER BY place), false)
            AS restarts
        FROM ({ticks}) WHERE volume IS NOT NULL AND source IN (SELECT unnest($unsteady))
    ), runs AS (
        SELECT *, count_if(restarts) OVER (PARTITION BY source, contract ORDER BY place) AS run,
            count_if(restarts) OVER (PARTITION BY source, contract) AS all_restarts
        FROM seen
    ), marks AS (
        SELECT *, max(volume) OVER (
            PARTITION BY source, contract, run ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS mark
        FROM runs
    ), growth AS (
        SELECT source, minute, sum(greatest(0, volume - CASE
            WHEN mark IS NOT NULL THEN mark
            WHEN run > 0 OR minute = 0 AND (trade OR all_restarts = 0) THEN 0
            ELSE volume - if(trade, coalesce(last_size, 0), 0)
        END)) AS grown
        FROM marks GROUP BY source, minute
    )
    SELECT source, minute, sum(grown) OVER (PARTITION BY source ORDER BY minute) AS total FROM growth
) AS counted WHERE minutes.source = counted.source AND minutes.minute = counted.minute
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
    `t_close`; the last bar closes with the session. Conflict when the file is damaged.
    """
    in_order = labels_of(path).get("sorted_by") == ",".join(TICK_FILE.sorted_by)
    ticks, place = _IN_ORDER if in_order else _TO_ORDER, {"path": str(path.absolute())}
    _gather_minutes(connection, ticks, place, hours, several_contracts=not holds_one_value(path, "contract"))
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
        _gather_minutes(connection, _GIVEN, {}, hours, several_contracts=True)
    finally:
        connection.unregister("given_ticks")
    return _make_bars(connection, symbol, hours, known_until, timeframes)


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


def _gather_minutes(
    connection: duckdb.DuckDBPyConnection, ticks: str, place: dict[str, str], hours: Session, *, several_contracts: bool
) -> None:
    ticks = _IN_SESSION.format(ticks=ticks)
    scan = {**place, "open": hours.open, "close": hours.close}

    def run(statement: str, ticks: str = ticks, **params: object) -> list[tuple[object, ...]]:
        return connection.execute(statement.format(ticks=ticks), {**scan, **params}).fetchall()

    run(f"CREATE OR REPLACE TEMP TABLE minutes AS {_MINUTES}")
    sources = connection.sql(_SOURCES).fetchall()
    if silent := [source for source, is_silent, _ in sources if is_silent]:
        connection.execute("DELETE FROM minutes WHERE source IN (SELECT unnest($1))", [silent]).fetchall()
        run(f"INSERT INTO minutes {_MINUTES}", _INFERRED.format(ticks=ticks), silent=silent)
    unsteady = {source for source, _, steady in sources if not steady}
    if several_contracts:
        unsteady |= {source for (source,) in run(_SEVERAL_CONTRACTS)}
    if unsteady:
        run(_COUNT_VOLUME, unsteady=sorted(unsteady))
