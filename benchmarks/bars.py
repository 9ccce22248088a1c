"""Bars: minutes of a tick file with everything that Thor promises of them, against the bare query of the same file."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from app.history.bar_query import build_bars
from app.lake.files import publish
from app.lake.layout import Lake
from app.lake.query import connect
from app.lake.schemas import PRICE, TICK_FILE
from app.market.sessions import Session as Hours
from benchmarks.measure import Measure, compare, peak_of
from benchmarks.quotes import DAY

TICKS = 500_000
RUNS = 11
AIM = 0.75
OPEN, CLOSE = datetime(2025, 10, 8, 22, tzinfo=UTC), datetime(2025, 10, 9, 21, tzinfo=UTC)
HOURS = Hours(DAY, OPEN, CLOSE)
LATER = CLOSE + timedelta(hours=1)
BARE = """
SELECT symbol, time_bucket(INTERVAL 1 minute, ts) AS t_open, arg_min(last, (ts, seq)) AS open, max(last) AS high,
    min(last) AS low, arg_max(last, (ts, seq)) AS close, max(volume) - min(volume) AS volume, count(*) AS tick_count
FROM read_parquet(?) GROUP BY symbol, t_open ORDER BY t_open
"""


def bench_bars(folder: Path) -> list[Measure]:
    """One-minute bars of a session, against the bare query; both on an open connection and warm files."""
    lake = Lake(folder / "bars")
    file = _written(lake)
    with connect(lake) as connection:
        return [
            compare(
                "bars",
                TICKS,
                lambda: build_bars(connection, file, "ES", HOURS, LATER, ["1m"]),
                lambda: connection.sql(BARE, params=[str(file)]).to_arrow_table(),
                aim=AIM,
                limit_name="DuckDB: arg_min/arg_max(last, (ts, seq)) by minute",
                runs=RUNS,
                peak_rss_mb=peak_of(_build_alone, str(lake.root), str(file)),
            )
        ]


def _build_alone(root: str, file: str) -> None:
    with connect(Lake(Path(root))) as connection:
        build_bars(connection, Path(file), "ES", HOURS, LATER, ["1m", "5m", "1h"])


def _written(lake: Lake) -> Path:
    target = lake.ticks_file(DAY, "ES")
    publish(lake, target, TICK_FILE, _ticks().to_batches(65_536), day=DAY, symbol="ES", taken_at=LATER)
    return target


def _ticks() -> pa.Table:
    dice = np.random.default_rng(1)
    trades = dice.random(TICKS) < 0.4
    sizes = dice.integers(1, 20, TICKS)
    times = np.sort(dice.integers(0, (CLOSE - OPEN) // timedelta(microseconds=1), TICKS))
    walk = 26_900 + np.cumsum(dice.integers(-1, 2, TICKS))
    moments = pa.array(times + int(OPEN.timestamp()) * 1_000_000).cast(pa.timestamp("us", "UTC"))
    known = {
        "seq": pa.array(np.arange(TICKS)),
        **dict.fromkeys(("ts", "recv_ts", "created_at"), moments),
        **dict.fromkeys(("last", "bid", "ask"), _prices(walk * 250_000_000)),
        "last_size": pa.array(sizes, mask=~trades),
        "volume": pa.array(np.cumsum(np.where(trades, sizes, 0))),
        "trade": pa.array(trades),
        "delayed": pa.array(np.zeros(TICKS, dtype=bool)),
        "session_date": pa.repeat(pa.scalar(DAY), TICKS),
    }
    fixed = {"symbol": "ES", "source": "SIMULATED", "contract": "ESZ25", "ts_origin": "exchange"}
    names = {name: pa.repeat(pa.scalar(value), TICKS).dictionary_encode() for name, value in fixed.items()}
    columns = [{**known, **names}.get(field.name, pa.nulls(TICKS, field.type)) for field in TICK_FILE.columns]
    return pa.Table.from_arrays(columns, schema=TICK_FILE.columns)


def _prices(billionths: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> pa.Array:
    # A decimal128 is 16 bytes, the lower half first; the upper half repeats the sign.
    halves = np.stack([billionths, billionths >> 63], axis=1)
    return pa.Array.from_buffers(PRICE, len(billionths), [None, pa.py_buffer(halves.tobytes())])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(*bench_bars(Path(name)), sep="\n")
