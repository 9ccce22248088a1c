"""The minutes of one session in the way that is always right: counters that fall, trades not flagged, any order."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

import duckdb
import polars as pl

from app.analysis.data.tick_days import MINUTE, MINUTES, PRICES, TickDay, contract_of
from app.history.bar_query import build_bars

# `traded` and `quoted` are the contracts with a trade and with any price.
_SEEN: Final = """
SELECT source, (epoch_us(ts) - epoch_us($open)) // 60000000 AS minute, count(*) AS tick_count,
    count(last) FILTER (trade) AS trades,
    list(DISTINCT contract) FILTER (trade AND last IS NOT NULL AND contract IS NOT NULL) AS traded,
    list(DISTINCT contract) FILTER (last IS NOT NULL AND contract IS NOT NULL) AS quoted
FROM read_parquet($path, hive_partitioning = false) WHERE ts >= $open AND ts < $close GROUP BY ALL
"""


def read_odd_day(connection: duckdb.DuckDBPyConnection, symbol: str, ticks: TickDay) -> pl.DataFrame:
    """The minutes of a session, in the columns of `MINUTES`, by source and time.

    Prices, volumes and counts are those of `build_bars`, as float64; errors too. A minute in which two contracts have
    trades, or prices where the source flags no trade, has no price.
    """
    hours = ticks.hours
    table = build_bars(connection, ticks.path, symbol, hours, hours.close, ["1m"])["1m"]
    bars = pl.DataFrame(table.select(["source", "t_open", *PRICES, "volume"]))
    seen = _seen(connection, symbol, ticks).join(
        bars.with_columns(pl.col("source").cast(pl.String), *(pl.col(name).cast(pl.Float64) for name in PRICES)),
        on=["source", "t_open"],
        how="left",
    )
    is_mixed = pl.col("is_mixed")
    alone = [pl.when(~is_mixed).then(pl.col(name)) for name in (*PRICES, "volume")]
    return seen.with_columns(alone).select(MINUTES.keys()).cast(MINUTES).sort("source", "t_open")


def _seen(connection: duckdb.DuckDBPyConnection, symbol: str, ticks: TickDay) -> pl.DataFrame:
    hours = ticks.hours
    params = {"path": str(ticks.path.absolute()), "open": hours.open, "close": hours.close}
    rows = connection.sql(_SEEN, params=params).to_arrow_table().to_pylist()
    flagging = {row["source"] for row in rows if row["trades"]}
    found = []
    for row in rows:
        told = _contracts(symbol, row["traded"] if row["source"] in flagging else row["quoted"], hours.day)
        t_open = hours.open + row["minute"] * MINUTE
        found.append(
            {
                "session_date": hours.day,
                "source": row["source"],
                "t_open": t_open,
                "t_close": min(t_open + MINUTE, hours.close),
                "tick_count": row["tick_count"],
                "contract": told[0] if len(told) == 1 else None,
                "is_mixed": len(told) > 1,
            }
        )
    schema: Mapping[str, Any] = {name: MINUTES[name] for name in _KEPT} | {"is_mixed": pl.Boolean}
    return pl.DataFrame(found, schema=dict(schema))


_KEPT: Final = ("session_date", "source", "t_open", "t_close", "tick_count", "contract")


def _contracts(symbol: str, told: Iterable[str] | None, day: date) -> list[str]:
    return sorted({found for name in told or () if (found := contract_of(symbol, name, day)) is not None})
