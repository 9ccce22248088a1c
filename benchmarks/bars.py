"""Bars: minutes of a tick file with everything that Thor promises of them, against the bare query of the same file."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from app.history.bar_query import build_bars
from app.lake.files import publish
from app.lake.layout import Lake
from app.lake.query import connect
from app.lake.schemas import TICK_FILE
from app.market.sessions import Session as Hours
from benchmarks.analysis_ticks import START, session_ticks
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
    dice = np.random.default_rng(1)
    ticks = session_ticks(HOURS, START + np.cumsum(dice.integers(-1, 2, TICKS)), dice)
    target = lake.ticks_file(DAY, "ES")
    publish(lake, target, TICK_FILE, ticks.to_batches(65_536), day=DAY, symbol="ES", taken_at=LATER)
    return target


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(*bench_bars(Path(name)), sep="\n")
