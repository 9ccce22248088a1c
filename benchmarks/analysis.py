"""The analysis of one symbol and its parts against the bare one-minute query over the same files, on warm files."""

import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from app.analysis.data.cache import Cache
from app.analysis.data.loading import load_symbol
from app.analysis.inputs import SymbolData
from app.analysis.keeping import CountedKeep
from app.analysis.measures import PARTS
from app.analysis.parts import measured
from app.analysis.portfolio.analysing import analyse_portfolio
from app.analysis.quality.checking import check_quality
from app.lake.layout import Lake
from app.lake.query import connect
from benchmarks.analysis_market import AnalysisMarket
from benchmarks.analysis_ticks import make_market
from benchmarks.bars import BARE
from benchmarks.measure import Measure, compare
from tests.servers import ROOT

LIMIT = "DuckDB: arg_min/arg_max(last, (ts, seq)) by minute over all files"
RUNS = 5
# A command takes seconds.
ALONE_RUNS = 3
# How many times as long as the bare query each may take, and how much memory a process that does nothing else.
LOADING, QUALITY, MEASURES, UNPREDICTED, WHOLE, ALONE = 1.3, 3.0, 5.0, 10.0, 20.0, 60.0
ALONE_MB = 550.0
CACHE_BYTES = 256 << 20

Run = Callable[[], object]


def bench_analysis(folder: Path) -> Iterator[Measure]:
    """The analysis of 2.5 million ticks in 23 sessions: its parts, the whole of it, and a command that runs it once."""
    lake = Lake(folder / "analysis")
    market = AnalysisMarket(lake, make_market(lake))
    yield from compare_parts(market, RUNS)
    yield from compare_whole(market, folder / "cache", RUNS)
    yield compare_alone(market, folder, ALONE_RUNS)


def compare_parts(market: AnalysisMarket, runs: int) -> Iterator[Measure]:
    """What an analysis does one after the other; the model of predictions is in the whole alone."""
    asof, keep = market.wanted.hours[-1].close, CountedKeep(None)

    def load() -> SymbolData:
        return load_symbol(market.lake, market.wanted, asof)

    data, parameters = load(), market.question.parameters

    def check() -> object:
        return check_quality(market.lake, market.wanted, asof, data.source)

    def measure() -> None:
        for part in PARTS:
            measured(part, data, parameters, keep)
        analyse_portfolio({data.symbol: data}, parameters)

    yield _compare(market, "analysis: bars", LOADING, load, runs)
    yield _compare(market, "analysis: quality", QUALITY, check, runs)
    yield _compare(market, "analysis: all but prediction, bars given", MEASURES, measure, runs)


def compare_whole(market: AnalysisMarket, cache: Path, runs: int) -> Iterator[Measure]:
    """All of it in a process that did it before; what a full cache leaves to be done is shown without an aim."""
    kept = Cache(cache, CACHE_BYTES)
    market.analyse(cache=kept)
    yield _compare(
        market, "analysis without prediction", UNPREDICTED, lambda: market.analyse(model_enabled=False), runs
    )
    yield _compare(market, "analysis", WHOLE, market.analyse, runs)
    yield _compare(market, "analysis, all in the cache", None, partial(market.analyse, cache=kept), runs)


def compare_alone(market: AnalysisMarket, folder: Path, runs: int) -> Measure:
    """A process that imports the analysis, runs it once and ends; it needs no database."""
    pickled = folder / "market.pickle"
    pickled.write_bytes(pickle.dumps(market))
    command = [sys.executable, "-m", "benchmarks.analysis_alone", str(pickled)]
    peaks_mb: list[float] = []

    def run() -> None:
        answer = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        peaks_mb.append(float(answer.stdout))

    measure = _compare(market, "analysis as a command", ALONE, run, runs)
    return replace(measure, peak_rss_mb=max(peaks_mb), most_mb=ALONE_MB)


def _compare(market: AnalysisMarket, name: str, times: float | None, run: Run, runs: int) -> Measure:
    paths = [str(file.path) for file in market.wanted.files]
    with connect(market.lake) as connection:
        return compare(
            name,
            market.ticks,
            run,
            lambda: connection.sql(BARE, params=[paths]).to_arrow_table(),
            aim=1 / times if times else 0.0,
            limit_name=LIMIT,
            runs=runs,
        )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for measure in bench_analysis(Path(name)):
            print(measure)
