"""A sheet of quotes, read row by row: what each row says, and what in it could not be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from app.collectors.excel.area import Area, Row, Rows
from app.collectors.excel.cells import Unread, read_change, read_price, read_size, says_nothing
from app.collectors.excel.headers import PRICES, SYMBOL, Columns, read_headers
from app.errors import Rejected
from app.instruments.catalogue import CATALOGUE
from app.instruments.symbology import Traded, resolve
from app.quotes import PRICE_FIELDS, SIZE_FIELDS

_FIELDS: Final = (*PRICE_FIELDS, *SIZE_FIELDS)


class UnreadCell(NamedTuple):
    """A cell that gave no value, what it held, and why not."""

    cell: str
    field: str
    held: str
    why: Unread


@dataclass(frozen=True)
class SheetRow:
    """A row with a symbol: what it says of it, by field; a field that is not known is left out."""

    number: int
    name: str
    traded: Traded
    prices: Mapping[str, Decimal]
    sizes: Mapping[str, int]
    unread: Sequence[UnreadCell] = ()

    @property
    def has_price(self) -> bool:
        """Whether it says at what price anything is traded, bid or asked; without that it is no event."""
        return any(name in self.prices for name in PRICES)


@dataclass(frozen=True)
class SheetReading:
    """What a sheet says, one row for each symbol, in the sheet's order.

    `ignored` tells of the rows that name something which is no symbol, or one that a row above has already.
    """

    columns: Columns
    rows: Sequence[SheetRow]
    ignored: Sequence[str] = field(default=())

    @property
    def unread(self) -> Sequence[UnreadCell]:
        """The cells that gave no value."""
        return [cell for row in self.rows for cell in row.unread]


def read_sheet(rows: Rows, area: Area, today: date) -> SheetReading:
    """Read the area's rows, the first of which has the headers; rows without a symbol are left out.

    `today` helps to read contracts with a year of one digit. Rejected when the headers do not tell where what is.
    """
    columns = read_headers(rows[0], area)
    found: dict[str, SheetRow] = {}
    ignored = []
    for index, cells in enumerate(rows[1:], start=1):
        number, name = area.top + index, cells[columns.at[SYMBOL]]
        if name is None or (isinstance(name, str) and not name.strip()):
            continue
        traded = _traded(name, today) if isinstance(name, str) else f"row {number}: {str(name)[:40]!r} is no symbol"
        if isinstance(traded, str):
            ignored.append(f"row {number}: {traded}" if isinstance(name, str) else traded)
        elif (other := found.get(traded.symbol)) is not None:
            ignored.append(f"row {number}: {traded.symbol} is in row {other.number} already")
        else:
            found[traded.symbol] = _read_row(cells, index, str(name).strip(), traded, columns, area)
    return SheetReading(columns, tuple(found.values()), tuple(ignored))


@lru_cache(maxsize=1024)
def _traded(name: str, today: date) -> Traded | str:
    if says_nothing(name):
        return f"{name.strip()[:40]!r} is no symbol: its formula has no value"
    try:
        return resolve(name, today)
    except Rejected as error:
        return str(error)


def _read_row(cells: Row, index: int, name: str, traded: Traded, columns: Columns, area: Area) -> SheetRow:
    prices: dict[str, Decimal] = {}
    sizes: dict[str, int] = {}
    unread = []
    for known in _FIELDS:
        if (column := columns.at.get(known)) is None:
            continue
        value = cells[column]
        try:
            read = _read(known, value, traded.symbol)
        except TypeError:  # A list in a recording, which cannot be remembered.
            read = _read(known, str(value), traded.symbol)
        if isinstance(read, Unread):
            unread.append(UnreadCell(area.cell(index, column), known, str(value)[:40], read))
        elif isinstance(read, Decimal):
            prices[known] = read
        elif read is not None:
            sizes[known] = read
    return SheetRow(area.top + index, name, traded, prices, sizes, tuple(unread))


# Most cells say what they said in the frame before. Types are told apart, because True is equal to 1.0.
@lru_cache(maxsize=16_384, typed=True)
def _read(field: str, value: object, symbol: str) -> Decimal | int | Unread | None:
    if field in SIZE_FIELDS:
        return read_size(value)
    instrument = CATALOGUE.get(symbol)
    return read_change(value, instrument) if field == "change" else read_price(value, instrument)
