"""Commands that move ticks from PostgreSQL to the lake and make bars of them."""

from collections.abc import Sequence
from datetime import date, datetime

import click

from app.cli.actor import note_command
from app.cli.console import command
from app.cli.output_dir import parse_output_dir
from app.cli.trading_days import parse_days, require_begun
from app.clock import parse_instant
from app.lake.layout import TIMEFRAMES, Lake, parse_timeframes
from app.operations.lake_states import closing_time
from app.quotes import parse_symbols
from app.runtime import Runtime, runtime

at_option = click.option("--at", metavar="INSTANT", help="Take this instant for now, such as 2025-10-09T21:00:00Z.")
symbols_option = click.option("--symbols", metavar="ES,NQ", help="Only these symbols (default: all that have ticks).")
overwrite_option = click.option("--overwrite", is_flag=True, help="Write files again that exist.")


@command("export-to-parquet")
@click.option("--date", "day", metavar="YYYY-MM-DD", help="One trading day.")
@click.option("--start", metavar="YYYY-MM-DD", help="First trading day of a range.")
@click.option("--end", metavar="YYYY-MM-DD", help="Last trading day of the range, included.")
@symbols_option
@overwrite_option
@click.option("--output-dir", metavar="FOLDER", help="Write to this folder instead of the lake.")
@at_option
def export_to_parquet(
    day: str | None,
    start: str | None,
    end: str | None,
    symbols: str | None,
    overwrite: bool,
    output_dir: str | None,
    at: str | None,
) -> None:
    """Write the ticks of trading days from PostgreSQL to Parquet files.

    One file per day and symbol, ticks/date=YYYY-MM-DD/symbol=ES/ticks.parquet, published whole: readers never see a
    part of it. A trading day begins at the market's roll, 17:00 Chicago on the evening before. Files that are complete
    are skipped, so an interrupted export is finished by running it again. Bars that exist are made again where their
    ticks were written again.

    \b
    flask export-to-parquet --date=2025-10-09
    flask export-to-parquet --start=2025-10-01 --end=2025-10-09 --symbols=ES,NQ
    flask export-to-parquet --date=2025-10-09 --overwrite
    flask export-to-parquet --date=2025-10-09 --output-dir=/media/usb/ticks
    """
    rt = runtime()
    lake = parse_output_dir(output_dir, rt.lake) if output_dir is not None else rt.lake
    _export(rt, lake, parse_days(day, start, end), symbols, overwrite, at)


@command("backfill-parquet")
@click.option("--start", required=True, metavar="YYYY-MM-DD", help="First trading day.")
@click.option("--end", required=True, metavar="YYYY-MM-DD", help="Last trading day, included.")
@symbols_option
@overwrite_option
@at_option
def backfill_parquet(start: str, end: str, symbols: str | None, overwrite: bool, at: str | None) -> None:
    """Write what is missing in the lake over a range of trading days, with a line of status for each.

    Bars that are missing, damaged or older than their ticks are made again. A day that fails does not keep the others
    from being written; the command then ends with 1, or with 3 where a day was refused, or where only a backup can
    bring back what is missing.

    \b
    flask backfill-parquet --start=2025-10-01 --end=2025-10-09
    flask backfill-parquet --start=2025-10-01 --end=2025-10-09 --symbols=ES --overwrite
    """
    rt = runtime()
    _export(rt, rt.lake, parse_days(None, start, end), symbols, overwrite, at, by_day=True)


@command("generate-bars")
@click.option("--date", "day", required=True, metavar="YYYY-MM-DD", help="The trading day.")
@click.option("--timeframes", default=",".join(TIMEFRAMES), show_default=True, help="Which bars to make.")
@at_option
def generate_bars(day: str, timeframes: str, at: str | None) -> None:
    """Make OHLCV bars of a trading day from the lake's ticks: bars/date=YYYY-MM-DD/symbol=ES/bars_1m.parquet.

    Each source has bars of its own. Only ticks of the symbol's session count, and a bar is written once it is complete,
    so a running session ends with its last complete bar. Bars that exist are written again.

    \b
    flask generate-bars --date=2025-10-09
    flask generate-bars --date=2025-10-09 --timeframes=1m,5m
    """
    from app.cli.bar_run import run_bars

    rt = runtime()
    days, names, now = parse_days(day, None, None), parse_timeframes(timeframes), _now(rt, at)
    require_begun(rt.market, days, now)
    run_bars(rt, days[0], names, now)


def _export(
    rt: Runtime,
    lake: Lake,
    days: Sequence[date],
    symbols: str | None,
    overwrite: bool,
    at: str | None,
    *,
    by_day: bool = False,
) -> None:
    # Arrow takes half a second and 60 MB to load, which all other commands save.
    from app.cli.export_run import run_backfill, run_export
    from app.export.plan import ExportOptions

    chosen, now = parse_symbols(symbols) if symbols is not None else None, _now(rt, at)
    require_begun(rt.market, days, now)
    options = ExportOptions(
        chosen,
        overwrite=overwrite,
        recorded=lake is rt.lake,
        closed_at=lambda symbol, on: closing_time(rt, symbol, on, now),
    )
    note_command(
        rt, "backfill-parquet" if by_day else "export-to-parquet", f"{min(days)} to {max(days)}",
        symbols=symbols or "", overwrite=overwrite, to=str(lake.root),
    )  # fmt: skip
    if by_day:
        run_backfill(rt, days, now, options)
    else:
        run_export(rt, lake, days, now, options)


def _now(rt: Runtime, at: str | None) -> datetime:
    return parse_instant(at) if at is not None else rt.clock.now()


COMMANDS = (export_to_parquet, backfill_parquet, generate_bars)
