"""Commands about the workbook with the quotes."""

import json
from pathlib import Path
from typing import Final

import click

from app.cli.console import EXIT_FAILED, command, console, fail
from app.cli.excel_tables import print_check
from app.cli.wording import counted
from app.collectors.excel.checking import check_form, check_sheet
from app.collectors.excel.feed import open_reader
from app.collectors.excel.plan import ExcelPlan, Provider
from app.errors import Rejected
from app.instruments.catalogue import DEFAULT_WATCHLIST
from app.quotes import parse_symbols
from app.runtime import runtime
from app.settings import Settings

USUAL_FILE: Final = "Thor.xlsx"
RECORDING: Final = ".jsonl"


@command("excel-template")
@click.argument("path", default=USUAL_FILE, type=click.Path(path_type=Path))
@click.option("--symbols", metavar="NAMES", help="Symbols, separated by commas [default: the usual watchlist].")
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def make_template(path: Path, symbols: str | None, force: bool) -> None:
    """Write a workbook that thinkorswim fills with quotes, with a row for each symbol. Asks no server.

    PATH is a file that ends in .xlsx, Thor.xlsx unless another is named. Its sheet has the name that EXCEL_SHEET_NAME
    says, and formulas of thinkorswim's RTD server; another sheet says how to go on.

    \b
    flask excel-template
    flask excel-template desk.xlsx --symbols=ES,NQ,ZB --force
    """
    from app.collectors.excel.template import write_template  # openpyxl takes a quarter of a second to load.

    names = parse_symbols(symbols) if symbols is not None else DEFAULT_WATCHLIST
    told = runtime().settings
    cells = write_template(path, names, told.excel_sheet_name, overwrite=force)
    console.print(f"{path.resolve()}: {counted(len(names), 'symbol')}. Open it in Excel where thinkorswim runs.")
    console.print(f"Settings: EXCEL_DATA_FILE={path.resolve()} EXCEL_LIVE_RANGE={cells}", markup=False)


@command("excel-check")
@click.option("--file", "path", metavar="PATH", type=click.Path(path_type=Path), help="Read this file as it was saved.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check_excel(path: Path | None, as_json: bool) -> None:
    """Read the sheet once, and show what it says and what would be published of it. Publishes nothing.

    It reads as EXCEL_DATA_FILE and DATA_PROVIDER say, or with --file a workbook as it was saved, or the first frame of
    a recording (.jsonl). Every cell that gave no value is named with the reason. Ends with 0 where there is something
    to publish, with 1 where there is nothing or Excel is busy, and with 2 where a setting or a header is wrong.

    \b
    flask excel-check
    flask excel-check --file=desk.xlsx --json
    """
    rt = runtime()
    plan = _plan(rt.settings, path)
    check = check_sheet(plan, open_reader(plan), rt.market, rt.clock.now())
    if as_json:
        click.echo(json.dumps(check_form(check), indent=2))
    else:
        print_check(check)
    if not check.quotes:
        fail("no row has a last, bid or ask price: nothing would be published", EXIT_FAILED)


def _plan(settings: Settings, path: Path | None) -> ExcelPlan:
    if path is not None:
        found = path.absolute()
        provider: Provider = "excel_recorded" if path.suffix.lower() == RECORDING else "excel_file"
        return ExcelPlan(provider, found, settings.excel_sheet_name, settings.excel_live_range)
    if settings.excel is None:
        raise Rejected("no workbook is set: set EXCEL_DATA_FILE, or name a file with --file; excel-template makes one")
    return settings.excel


COMMANDS = (make_template, check_excel)
