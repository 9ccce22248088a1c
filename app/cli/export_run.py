"""Exports as the command line runs them: a line for each step, and what came of it in the end."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

import click

from app.cli.bar_run import bars_text, remake_bars
from app.cli.console import EXIT_FAILED, EXIT_REFUSED, console, progress
from app.cli.trading_days import explain_empty
from app.cli.wording import counted, size_text
from app.errors import Conflict, NotFound, Unavailable
from app.export.plan import Action, ExportOptions, plan_day
from app.export.ticks import DayExport, SymbolExport, export_symbols
from app.lake.files import sweep_staging
from app.lake.layout import Lake
from app.lake.manifest import purged_at
from app.operations.backfilling import lost_files
from app.operations.lake_states import State
from app.runtime import Runtime


def run_export(rt: Runtime, lake: Lake, days: Sequence[date], now: datetime, options: ExportOptions) -> None:
    """Export days one after the other, and make the bars again that exist of what was written again.

    Exits with 3 when `overwrite` met a file that holds more than the database, or when only a backup can bring back a
    file of these days.
    """
    began = time.monotonic()
    sweep_staging(lake, rt.clock.now())
    done = [_export_day(rt, lake, day, now, options) for day in days]
    # Last, because the calendar takes a second and 100 MB to load, and full days do not need it.
    missing = f"No ticks of {', '.join(options.symbols)} are stored" if options.symbols else "No ticks are stored"
    empty = [export.day for export in done if not export.symbols]
    purged = _purged(rt, empty) if lake is rt.lake else set()
    lost = lost_files(rt, days, options.symbols) if lake is rt.lake else {}
    _say(*explain_empty(rt.market, [day for day in empty if day not in purged], missing))
    _say(*(f"{day} was purged: its files are in the lake" for day in sorted(purged - lost.keys())))
    if any(export.symbols for export in done):
        _sum_up(done, time.monotonic() - began)
    for day, symbols in lost.items():
        click.echo(f"{day}: {_loss(symbols)}", err=True)
    if lost or (options.overwrite and any(export.counts()["kept"] for export in done)):
        sys.exit(EXIT_REFUSED)


def run_backfill(rt: Runtime, days: Sequence[date], now: datetime, options: ExportOptions) -> None:
    """Export days one after the other, and make old bars again; a line for each, going on after one that fails.

    Exits with 1 when a day failed, with 3 when one was refused, or when only a backup can bring back one of its files.
    """
    began = time.monotonic()
    sweep_staging(rt.lake, rt.clock.now())
    done: list[DayExport] = []
    lost = lost_files(rt, days, options.symbols)
    code = EXIT_REFUSED if lost else 0
    for day in progress(days, "Backfilling"):
        if day in lost:
            click.echo(f"{day}: {_loss(lost[day])}", err=True)
        try:
            done.append(_backfill_day(rt, day, now, options))
            bars = [made.symbol for made in remake_bars(rt, day, now, options.symbols)]
        except (Conflict, NotFound, Unavailable) as error:
            click.echo(f"{day}: failed, {error}", err=True)
            code = EXIT_FAILED if isinstance(error, Unavailable) else code or EXIT_REFUSED
            continue
        told = [_day_status(rt, done[-1])] if done[-1].symbols or day not in lost else []
        told += [f"bars of {', '.join(bars)} made again"] if bars else []
        _say(*([f"{day}: {', '.join(told)}"] if told else []))
    if any(export.symbols for export in done):
        _sum_up(done, time.monotonic() - began)
    if not code and options.overwrite and any(export.counts()["kept"] for export in done):
        code = EXIT_REFUSED
    sys.exit(code)


def _export_day(rt: Runtime, lake: Lake, day: date, now: datetime, options: ExportOptions) -> DayExport:
    try:
        export = DayExport(day, tuple(_told(rt, lake, day, now, options)))
    except NotFound as gone:
        raise Conflict(str(gone)) from None
    if lake is rt.lake and (written := [done.plan.symbol for done in export.symbols if done.facts]):
        for bars in remake_bars(rt, day, now, written):
            _say(f"Processing symbol {bars.symbol}: made again, {bars_text(bars)}")
    return export


def _told(rt: Runtime, lake: Lake, day: date, now: datetime, options: ExportOptions) -> Iterator[SymbolExport]:
    with rt.sessions() as session:
        plans = plan_day(session, lake, day, options)
    if not plans:
        return
    _say(f"Starting export for {day}...")
    exports = export_symbols(rt.sessions, lake, plans, now, options)
    for export in progress(exports, "Exporting", total=len(plans)):
        action = export.plan.action
        line = f"Processing symbol {export.plan.symbol}: {_outcome(export)}"
        click.echo(line, err=True) if action in (Action.STALE, Action.KEEP) else _say(line)
        yield export


def _backfill_day(rt: Runtime, day: date, now: datetime, options: ExportOptions) -> DayExport:
    with rt.sessions() as session:
        plans = plan_day(session, rt.lake, day, options)
    return DayExport(day, tuple(export_symbols(rt.sessions, rt.lake, plans, now, options)))


def _day_status(rt: Runtime, export: DayExport) -> str:
    if not export.symbols and _purged(rt, [export.day]):
        return "purged, its files are in the lake"
    if not export.symbols:
        return "no ticks" if rt.market.session(export.day) else "no session"
    counts = export.counts()
    written = f"exported, {counted(counts['ticks'], 'tick')} in {counted(counts['files'], 'file')}"
    told = [written] if counts["files"] else []
    told += [f"{counts[name]:,} {name}" for name in ("skipped", "stale", "kept") if counts[name]]
    advice = ": add --overwrite to write what is stale again" if counts["stale"] else ""
    return ", ".join(told or ["merged, nothing in its late ticks was new"]) + advice


def _purged(rt: Runtime, days: Sequence[date]) -> set[date]:
    with rt.sessions() as session:
        return {day for day in days if purged_at(session, day)}


def _loss(symbols: Mapping[str, State]) -> str:
    files = ", ".join(f"{symbol} is {state}" for symbol, state in symbols.items())
    return f"{files}, and PostgreSQL no longer has the ticks: restore from a backup"


def _outcome(export: SymbolExport) -> str:
    rows, standing = export.plan.rows, export.plan.standing or 0
    if export.merged is not None:
        return f"{export.merged:,} of {rows:,} late ticks were new and merged into its file"
    if export.facts:
        return f"{export.facts.rows:,} ticks exported"
    if export.plan.action is Action.STALE:
        late = f"{rows - standing:,} ticks came after its file was written"
        reason = late if rows > standing else "its file was taken before the session's close"
        return f"STALE, {reason}: add --overwrite to write it again"
    if export.plan.action is Action.KEEP:
        return f"kept, its file holds {standing:,} ticks and PostgreSQL only {rows:,}: move the file away to replace it"
    return f"skipped, its file holds all {standing:,} ticks"


def _sum_up(done: Sequence[DayExport], took_s: float) -> None:
    counts = [export.counts() for export in done]
    total = {name: sum(count[name] for count in counts) for name in counts[0]}
    left = "".join(f", {total[name]:,} {name}" for name in ("skipped", "stale", "kept") if total[name])
    _say(f"Export completed: {total['ticks']:,} total ticks, {counted(total['files'], 'file')} created{left}")
    _say(f"Total size: {size_text(total['bytes'])} compressed, export time: {took_s:.1f} seconds")


def _say(*lines: str) -> None:
    for line in lines:
        console.print(line, markup=False)
