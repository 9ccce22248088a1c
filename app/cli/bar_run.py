"""Bars as the command line makes them: a line for each symbol, and what came of it in the end."""

import time
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime

from app.cli.console import console, progress
from app.cli.trading_days import explain_empty
from app.cli.wording import counted
from app.errors import Conflict
from app.export.bars import BarRun, SymbolBars
from app.operations.bar_mending import symbols_with_old_bars
from app.runtime import Runtime


def run_bars(rt: Runtime, day: date, timeframes: Sequence[str], now: datetime) -> None:
    """Make the bars of a day, or say why there are none; Conflict in the end where symbols got none."""
    began = time.monotonic()
    run = BarRun(rt.sessions, rt.lake, rt.markets, day, now, timeframes)
    files = run.files()
    if not files:
        missing = "No ticks in the lake, export them first with `flask export-to-parquet`"
        for line in explain_empty(rt.market, [day], missing):
            _say(line)
        return
    _say(f"Generating bars for {day}...")
    made: list[SymbolBars] = []
    refusal: Conflict | None = None
    try:
        for bars in progress(run.generate(files), "Generating", total=len(files)):
            made.append(bars)
            _say(f"Processing symbol {bars.symbol}: {bars_text(bars)}")
    except Conflict as error:
        refusal = error
    rows = [count for bars in made for count in bars.rows.values()]
    files_made = counted(sum(count > 0 for count in rows), "file")
    _say(f"Bars completed: {sum(rows):,} bars, {files_made} created, time: {time.monotonic() - began:.1f} seconds")
    if refusal:
        raise refusal


def remake_bars(rt: Runtime, day: date, now: datetime, symbols: Collection[str] | None = None) -> Iterator[SymbolBars]:
    """Make the bars again that exist and are missing, damaged or older than their ticks; of all symbols by default.

    Errors as of `BarRun.generate`.
    """
    if found := symbols_with_old_bars(rt, day, now, symbols):
        run = BarRun(rt.sessions, rt.lake, rt.markets, day, now)
        yield from run.generate(run.files(found))


def bars_text(bars: SymbolBars) -> str:
    """How many bars of each timeframe there are."""
    return ", ".join(f"{count:,} {name}" for name, count in bars.rows.items()) + " bars"


def _say(line: str) -> None:
    console.print(line, markup=False)
