"""Bars of a symbol for a backtest, straight from the tick files of a lake."""

from typing import Final

import duckdb
import polars as pl

from app.analysis.bars import BAR_SCHEMA, TIMEFRAMES
from app.errors import NotFound, Rejected
from app.lake.layout import Lake, symbol_folder

# One pass: prices of trades, or of all ticks of a source that flags none; the first and last by time and number.
_BARS: Final = """
WITH ticks AS (
    SELECT session_date, ts, seq, contract, last::DOUBLE AS price,
        time_bucket(to_seconds($seconds), ts, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS t_open
    FROM read_parquet($files) WHERE source = $source AND last IS NOT NULL AND (trade OR $silent)
)
SELECT session_date, t_open, t_open + to_seconds($seconds) AS t_close,
    arg_min(price, (ts, seq)) AS open, max(price) AS high, min(price) AS low, arg_max(price, (ts, seq)) AS close,
    NULL::BIGINT AS volume, count(*) AS tick_count, arg_max(contract, (ts, seq))::VARCHAR AS contract
FROM ticks GROUP BY session_date, t_open ORDER BY t_open
"""
_SOURCES: Final = """
SELECT source::VARCHAR, count(DISTINCT session_date), bool_or(trade) FROM read_parquet($files) GROUP BY ALL
ORDER BY 2 DESC, 1
"""


def read_bars(
    connection: duckdb.DuckDBPyConnection, lake: Lake, symbol: str, timeframe: str, source: str | None = None
) -> pl.DataFrame:
    """All bars of a symbol in the lake, in the order of time, as a frame of BAR_SCHEMA; `volume` is not counted.

    `source` is the one with the most sessions unless named; `contract` is that of the bar's last price, as the source
    writes it, and where it tells none, that of the bar before. `segment` counts its changes. The connection is one of
    `app.lake.query`. Buckets are cut by the clock in UTC, and a bar that the session's end cuts short closes late
    rather than early. NotFound without ticks of the symbol or source; Rejected for a timeframe without a length.
    """
    if not TIMEFRAMES.get(timeframe):
        raise Rejected(
            f"{timeframe[:20]!r} is no length of a bar: known are {', '.join(t for t in TIMEFRAMES if TIMEFRAMES[t])}"
        )
    folder = lake.root / "ticks"
    files = sorted(str(path) for path in folder.glob(f"date=*/{symbol_folder(symbol)}/ticks.parquet"))
    sources = connection.sql(_SOURCES, params={"files": files}).fetchall() if files else []
    chosen = [found for found in sources if source in (None, found[0])]
    if not chosen:
        raise NotFound(f"the lake at {lake.root} has no ticks of {symbol}" + (f" from {source}" if source else ""))
    name, _, flags_trades = chosen[0]
    asked = {"files": files, "source": name, "silent": not flags_trades, "seconds": TIMEFRAMES[timeframe]}
    return _with_segments(pl.DataFrame(connection.sql(_BARS, params=asked).to_arrow_table()))


def _with_segments(bars: pl.DataFrame) -> pl.DataFrame:
    known = pl.col("contract").forward_fill().backward_fill()
    changed = (known != known.shift(1)).fill_null(False)
    return bars.with_columns(contract=known, segment=changed.cum_sum()).select(
        pl.col(name).cast(kind) for name, kind in BAR_SCHEMA.items()
    )
