"""A sheet of quotes on the command line."""

from rich.table import Table
from rich.text import Text

from app.cli.console import console
from app.cli.wording import counted
from app.collectors.excel.area import column_name
from app.collectors.excel.checking import Check
from app.collectors.excel.sheet import SheetRow
from app.quotes import PRICE_FIELDS, SIZE_FIELDS


def print_check(check: Check) -> None:
    """The headers, a row for each symbol, the cells that gave no value, and what was left out."""
    plan, reading = check.plan, check.reading
    _say(f"{plan.file}, sheet {plan.sheet}, cells {plan.cells}, read by {plan.provider}")
    for field, index in reading.columns.at.items():
        _say(f"  {column_name(check.area.left + index):<3} {reading.columns.titles[field][:24]:<24} is {field}")
    console.print(_rows(check))
    for cell in reading.unread:
        _say(f"{cell.cell} {cell.field}: {cell.held!r} is not read: {cell.why.detail} ({cell.why.reason})")
    for told in (*reading.columns.ignored, *reading.ignored):
        _say(f"ignored: {told}")
    unread = counted(len(reading.unread), "cell")
    _say(f"{len(check.quotes)} of {counted(len(reading.rows), 'symbol')} would be published; {unread} without a value")


def _rows(check: Check) -> Table:
    fields = [name for name in (*PRICE_FIELDS, *SIZE_FIELDS) if name in check.reading.columns.at]
    table = Table("row", "name", "symbol", *fields, "publishes")
    for row in check.reading.rows:
        told = "yes" if row.traded.symbol in check.quotes else "no price"
        symbol = row.traded.contract or row.traded.symbol
        cells = (str(row.number), row.name, symbol, *(_value(row, field) for field in fields), told)
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _value(row: SheetRow, field: str) -> str:
    if (price := row.prices.get(field)) is not None:
        return format(price, "f")
    return str(row.sizes.get(field, ""))


def _say(text: str) -> None:
    console.print(Text(text))
