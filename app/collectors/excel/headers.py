"""Which column of a sheet holds what: told by its header, never by its place."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.collectors.excel.area import Area, column_name
from app.errors import Rejected

SYMBOL: Final = "symbol"
PRICES: Final = ("last", "bid", "ask")  # A sheet has at least one of these, and a row that is an event too.

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    SYMBOL: ("symbol", "sym", "ticker", "instrument", "contract", "name"),
    "last": ("last", "lastprice", "lasttrade", "price", "ltp"),
    "bid": ("bid", "bidprice", "bestbid"),
    "ask": ("ask", "askprice", "offer", "bestask"),
    "last_size": ("lastsize", "lastqty", "tradesize", "lsize", "ls"),
    "bid_size": ("bidsize", "bidqty", "bsize", "bs"),
    "ask_size": ("asksize", "askqty", "asize", "as", "offersize"),
    "volume": ("volume", "vol", "totalvolume", "totvol"),
    "open": ("open", "openprice", "todayopen"),
    "high": ("high", "hi", "dayhigh"),
    "low": ("low", "lo", "daylow"),
    "close": ("close", "prevclose", "previousclose", "prevclosing", "settle", "pc"),
    "change": ("netchange", "netchg", "change", "chg", "net"),
}
_MARK: Final = "mark"
_FIELDS: Final = {alias: field for field, aliases in ALIASES.items() for alias in aliases}
_RANKS: Final = {alias: rank for aliases in ALIASES.values() for rank, alias in enumerate(aliases)}


@dataclass(frozen=True)
class Columns:
    """Where each field is, counted from 0 within the range, and what was left out.

    `ignored` holds the headers that mean nothing here or came a second time, each with its column and why.
    `last_is_mark` where the column of the last price is one of marks, because there is no other.
    """

    at: Mapping[str, int]
    titles: Mapping[str, str]
    ignored: Sequence[str] = ()
    last_is_mark: bool = False


def read_headers(row: Sequence[object], area: Area) -> Columns:
    """Find the columns; Rejected, naming what is missing, without a symbol and at least one price.

    Of several headers that mean a field the one whose name stands first in `ALIASES` is taken, and the first column of
    those: a sheet may have a Name beside the Symbol. A mark is taken for the last price where nothing else is.
    """
    names = [_normal(value) for value in row]
    fields = [_FIELDS.get(name, "last" if name == _MARK else None) for name in names]
    at: dict[str, int] = {}
    for index in sorted(range(len(names)), key=lambda index: _RANKS.get(names[index], len(_RANKS))):
        if (field := fields[index]) is not None:
            at.setdefault(field, index)
    ignored = []
    for index, (field, value) in enumerate(zip(fields, row, strict=True)):
        if not _is_blank(value) and (field is None or at[field] != index):
            why = f"{field} is in column {column_name(area.left + at[field])}" if field else "no known header"
            ignored.append(f"{column_name(area.left + index)} {str(value).strip()[:40]!r}: {why}")
    _check(at, row, area)
    at = {field: at[field] for field in ALIASES if field in at}
    titles = {field: str(row[index]).strip() for field, index in at.items()}
    return Columns(at, titles, tuple(ignored), last_is_mark=names[at["last"]] == _MARK if "last" in at else False)


def _normal(value: object) -> str:
    # A percentage is never the figure itself: "Change %" must not be read as the change.
    if not isinstance(value, str) or "%" in value:
        return ""
    return re.sub("[^a-z0-9]", "", value.casefold())


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _check(at: Mapping[str, int], row: Sequence[object], area: Area) -> None:
    where = f"row {area.top}, columns {column_name(area.left)} to {column_name(area.right)}"
    if all(_is_blank(value) for value in row):
        raise Rejected(f"there are no headers in {where}: EXCEL_LIVE_RANGE must begin with the row that has them")
    missing = [] if SYMBOL in at else ["Symbol"]
    if not any(price in at for price in PRICES):
        missing.append("any of Last, Bid and Ask")
    if missing:
        there = ", ".join(str(value).strip()[:20] for value in row if not _is_blank(value))
        raise Rejected(f"no header is {' nor '.join(missing)} in {where}, which says {there[:200]}: name the columns")
