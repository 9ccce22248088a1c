"""What would become of a sheet: one reading, without publishing anything."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.collectors.excel.area import Area, column_name, parse_area
from app.collectors.excel.changes import quote_of
from app.collectors.excel.plan import ExcelPlan
from app.collectors.excel.readers import SheetReader
from app.collectors.excel.sheet import SheetReading, SheetRow, read_sheet
from app.market.market import Market
from app.quotes import Quote, public_form, to_fields

_UNSAID: Final = ("seq", "v")  # A number is given to what is published only.


@dataclass(frozen=True)
class Check:
    """What was read, and the quote that each symbol would be published as from its first change on, where it would."""

    plan: ExcelPlan
    area: Area
    reading: SheetReading
    quotes: Mapping[str, Quote]


def check_sheet(plan: ExcelPlan, reader: SheetReader, market: Market, now: datetime) -> Check:
    """Read the sheet once and close the reader; ExcelBusy, ExcelLost or SheetMissing, Rejected for wrong headers."""
    area, day = parse_area(plan.cells), market.session_of(now)
    with closing(reader):
        reading = read_sheet(reader.read(), area, day)
    rows = [row for row in reading.rows if row.has_price]
    quotes = [quote_of(row, market, now, lambda: 0, is_trade=False) for row in rows]
    return Check(plan, area, reading, {quote.symbol: quote for quote in quotes})


def check_form(check: Check) -> dict[str, Any]:
    """The check as JSON: columns by field, rows with what they would publish, cells that were not understood."""
    columns, plan = check.reading.columns, check.plan
    return {
        "provider": plan.provider,
        "file": str(plan.file),
        "sheet": plan.sheet,
        "cells": plan.cells,
        "columns": {
            field: {"column": column_name(check.area.left + index), "header": columns.titles[field]}
            for field, index in columns.at.items()
        },
        "ignored_columns": list(columns.ignored),
        "rows": [_row_form(row, check.quotes.get(row.traded.symbol)) for row in check.reading.rows],
        "ignored_rows": list(check.reading.ignored),
    }


def _row_form(row: SheetRow, quote: Quote | None) -> dict[str, Any]:
    return {
        "row": row.number,
        "name": row.name,
        "symbol": row.traded.symbol,
        "contract": row.traded.contract,
        "publishes": _public(quote) if quote else None,
        "unread": [
            {
                "cell": cell.cell,
                "field": cell.field,
                "held": cell.held,
                "reason": cell.why.reason,
                "why": cell.why.detail,
            }
            for cell in row.unread
        ],
    }


def _public(quote: Quote) -> dict[str, object]:
    flat: Sequence[str] = to_fields(quote)
    shown = public_form(dict(zip(flat[::2], flat[1::2], strict=True)))
    return {name: value for name, value in shown.items() if name not in _UNSAID}
