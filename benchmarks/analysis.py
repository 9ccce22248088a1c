"""The analysis of one symbol against the bare one-minute query over the same files, on warm files."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from app.analysis.data.loading import load_symbol
from app.analysis.inputs import SymbolInput
from app.lake.layout import Lake
from app.lake.query import connect
from benchmarks.analysis_ticks import TICKS, make_market
from benchmarks.bars import BARE
from benchmarks.measure import Measure, compare, peak_of

ASOF = datetime(2026, 1, 1, tzinfo=UTC)
LIMIT = "DuckDB: arg_min/arg_max(last, (ts, seq)) by minute over all files"
RUNS = 7
# Loading may take 1.3 times as long as the bare query.
LOAD_AIM = 1 / 1.3


def bench_analysis(folder: Path) -> list[Measure]:
    """Each part of the analysis of 2.5 million ticks, against the bare query on an open connection."""
    lake = Lake(folder / "analysis")
    wanted = make_market(lake)
    paths = [str(file.path) for file in wanted.files]
    with connect(lake) as connection:
        return [
            compare(
                "load symbol",
                TICKS,
                lambda: load_symbol(lake, wanted, ASOF),
                lambda: connection.sql(BARE, params=[paths]).to_arrow_table(),
                aim=LOAD_AIM,
                limit_name=LIMIT,
                runs=RUNS,
                peak_rss_mb=peak_of(_load_alone, str(lake.root), wanted),
            )
        ]


def _load_alone(root: str, wanted: SymbolInput) -> None:
    load_symbol(Lake(Path(root)), wanted, ASOF)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(*bench_analysis(Path(name)), sep="\n")
