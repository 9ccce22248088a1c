"""Ticks of many sessions to minutes, in one question to DuckDB wherever its answer is sure to be that of the bars.

A minute of a source has the prices of its trades and the growth of the cumulative counter, as `app.history.bar_query`
makes bars of them. That is sure in a session whose sources flag trades, tell one contract or none, and have counters
that never fell; other sessions are read by `app.analysis.data.odd_days`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import duckdb
import polars as pl

from app.analysis.data.odd_days import read_odd_day
from app.analysis.data.tick_days import MINUTE, MINUTES, PRICES, TickDay, contract_of

_MINUTE_US: Final = 60_000_000
# A published file is in the order of (ts, seq), so a row's number stands for both.
_QUESTION: Final = """
SELECT file_index::BIGINT AS file, source, contract, minute, count(*) AS tick_count,
    arg_min(price, place) AS open, max(price) AS high, min(price) AS low, arg_max(price, place) AS close,
    arg_min(volume, place) AS v_first, arg_max(volume, place) AS v_last, min(volume) AS v_min, max(volume) AS v_max
FROM (
    SELECT file_index, source, epoch_us(ts) // 60000000 AS minute, file_row_number AS place, contract, volume,
        CASE WHEN trade THEN last END AS price
    FROM read_parquet($paths, hive_partitioning = false)
) GROUP BY ALL
"""
# How much the first tick with a counter traded itself.
_FIRST_SIZES: Final = """
SELECT file_index::BIGINT AS late_file, source, epoch_us(ts) // 60000000 AS minute,
    arg_min(CASE WHEN trade THEN coalesce(last_size, 0) ELSE 0 END, file_row_number) AS size
FROM read_parquet($paths, hive_partitioning = false) WHERE volume IS NOT NULL GROUP BY ALL
"""
_STREAM: Final = ["file", "source"]


def read_minutes(connection: duckdb.DuckDBPyConnection, symbol: str, days: Sequence[TickDay]) -> pl.DataFrame:
    """The minutes of sessions, in the columns of `MINUTES`, by trading day, source and time.

    Ticks outside of a session's `[open, close)` do not count. Its memory grows with the number of minutes; errors as of
    `build_bars`.
    """
    plain = [day for day in days if _is_plain(day)]
    parts = [read_odd_day(connection, symbol, day) for day in days if not _is_plain(day)]
    if plain:
        seen = _seen(connection, plain)
        odd = _odd_files(seen)
        parts.append(_bars(_with_start(connection, plain, seen.filter(~pl.col("file").is_in(odd))), symbol))
        parts.extend(read_odd_day(connection, symbol, plain[file]) for file in odd)
    return pl.concat(parts or [pl.DataFrame(schema=MINUTES)]).sort("session_date", "source", "t_open")


def _is_plain(day: TickDay) -> bool:
    return day.in_order and not any(moment.second or moment.microsecond for moment in (day.hours.open, day.hours.close))


def _seen(connection: duckdb.DuckDBPyConnection, days: Sequence[TickDay]) -> pl.DataFrame:
    paths = [str(day.path.absolute()) for day in days]
    rows = pl.DataFrame(connection.sql(_QUESTION, params={"paths": paths}).to_arrow_table())
    hours = {
        "file": range(len(days)),
        "session_date": [day.hours.day for day in days],
        "begin": [_minute_of(day.hours.open) for day in days],
        "end": [_minute_of(day.hours.close) for day in days],
    }
    inside = (pl.col("minute") >= pl.col("begin")) & (pl.col("minute") < pl.col("end"))
    return rows.join(pl.DataFrame(hours), on="file").filter(inside).sort("file", "source", "minute")


def _odd_files(seen: pl.DataFrame) -> list[int]:
    before = pl.col("v_last").forward_fill().shift(1).over(_STREAM)
    first, last = pl.col("v_first"), pl.col("v_last")
    falls = (first != pl.col("v_min")) | (last != pl.col("v_max")) | (first < before)
    streams = seen.with_columns(falls=falls).group_by(_STREAM).agg(
        is_silent=pl.col("open").count() == 0,
        is_unsteady=pl.col("falls").any(),
        has_several=pl.col("contract").n_unique() > 1,
    )  # fmt: skip
    odd = streams.filter(pl.any_horizontal("is_silent", "is_unsteady", "has_several"))
    return odd["file"].unique().sort().to_list()


def _with_start(connection: duckdb.DuckDBPyConnection, days: Sequence[TickDay], seen: pl.DataFrame) -> pl.DataFrame:
    # A counter starts from 0, or from just before its first tick where that came after the first minute.
    counted = seen.filter(pl.col("v_first").is_not_null()).group_by(_STREAM, maintain_order=True).first()
    late = counted.filter(pl.col("minute") > pl.col("begin"))
    if late.is_empty():
        return seen.with_columns(start=pl.lit(0, pl.Int64))
    files = late["file"].unique().sort()
    params = {"paths": [str(days[file].path.absolute()) for file in files]}
    sizes = pl.DataFrame(connection.sql(_FIRST_SIZES, params=params).to_arrow_table())
    sizes = sizes.with_columns(file=files.gather(sizes["late_file"]))
    starts = late.join(sizes, on=[*_STREAM, "minute"]).select(*_STREAM, start=pl.col("v_first") - pl.col("size"))
    found = seen.join(starts, on=_STREAM, how="left", maintain_order="left")
    return found.with_columns(pl.col("start").fill_null(0))


def _bars(seen: pl.DataFrame, symbol: str) -> pl.DataFrame:
    total = pl.when(pl.col("open").is_not_null()).then(pl.col("v_last"))
    earlier = total.forward_fill().shift(1).over(_STREAM).fill_null(pl.col("start"))
    t_open = (pl.col("minute") * _MINUTE_US).cast(MINUTES["t_open"])
    made = _with_contracts(seen, symbol).with_columns(
        *(pl.col(name).cast(pl.Float64) for name in PRICES),
        volume=total - earlier,
        t_open=t_open,
        t_close=t_open + MINUTE,
    )
    return made.select(MINUTES.keys()).cast(MINUTES)


def _with_contracts(seen: pl.DataFrame, symbol: str) -> pl.DataFrame:
    told = seen.select("contract", "session_date").unique()
    canonical = pl.Series([contract_of(symbol, name, day) for name, day in told.iter_rows()], dtype=pl.String)
    keys = ["contract", "session_date"]
    found = seen.join(
        told.with_columns(canonical=canonical), on=keys, how="left", nulls_equal=True, maintain_order="left"
    )
    return found.with_columns(contract="canonical")


def _minute_of(moment: datetime) -> int:
    return int(moment.timestamp()) // 60
