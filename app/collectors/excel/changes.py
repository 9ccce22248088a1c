"""Which rows of a sheet are events: those that say something else than before."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from app.collectors.excel.sheet import SheetReading, SheetRow
from app.collectors.feeds import NextSeq
from app.instruments.symbology import Traded
from app.market.market import Market
from app.quotes import Quote

SOURCE: Final = "EXCEL"
_PRICES: Final = ("last", "bid", "ask")
_SIZES: Final = ("last_size", "bid_size", "ask_size", "volume")
_Told = tuple[str | Decimal | int | None, ...]


class Changes:
    """Compares every reading of a sheet with the ones before, and tells what is new."""

    def __init__(self, next_seq: NextSeq, market: Market) -> None:
        self._next_seq, self._market = next_seq, market
        # What a row said when it was first seen; None once it has said anything else.
        self._first: dict[Traded, _Told | None] = {}
        self._told: dict[str, _Told] = {}
        self._volumes: dict[str, int] = {}

    def begin_anew(self) -> None:
        """Trust no row before it changes, as at the beginning: the sheet may be another one that was saved long ago."""
        self._first.clear()

    def quotes(self, reading: SheetReading, at: datetime) -> list[Quote]:
        """The quotes of rows whose last, bid, ask, sizes or volume changed, as received `at`, in the sheet's order.

        What a row says when its symbol, or another contract of it, is first seen is no event: a workbook keeps values
        of any age, and only a change shows that they are of now. A row without a last, bid or ask price is no event,
        and what was told before stays the measure. A quote carries a trade when the volume grew, or where the sheet has
        no column of volumes, when the last price or its size changed.
        """
        found = []
        self._forget_rows_that_are_gone(reading)
        for row in reading.rows:
            told = _told(row)
            if not self._has_moved(row.traded, told):
                continue
            before = self._told.get(row.traded.symbol)
            if row.has_price and told != before:
                is_trade = self._is_trade(row, before, reading)
                found.append(quote_of(row, self._market, at, self._next_seq, is_trade=is_trade))
                self._told[row.traded.symbol] = told
            if (volume := row.sizes.get("volume")) is not None:
                self._volumes[row.traded.symbol] = volume
        return found

    def _has_moved(self, traded: Traded, told: _Told) -> bool:
        if self._first.setdefault(traded, told) == told:
            return False
        self._first[traded] = None
        return True

    def _forget_rows_that_are_gone(self, reading: SheetReading) -> None:
        if self._first:
            there = {row.traded for row in reading.rows}
            for gone in self._first.keys() - there:
                del self._first[gone]

    def _is_trade(self, row: SheetRow, before: _Told | None, reading: SheetReading) -> bool:
        if before is not None and before[0] != row.traded.contract:
            return False  # Figures of two contracts say nothing together.
        if "volume" in reading.columns.at:
            known, volume = self._volumes.get(row.traded.symbol), row.sizes.get("volume")
            return known is not None and volume is not None and volume > known
        # A mark moves without any trade.
        if before is None or reading.columns.last_is_mark or "last" not in row.prices:
            return False
        return before[1] is not None and (row.prices["last"], row.sizes.get("last_size")) != (before[1], before[4])


def quote_of(row: SheetRow, market: Market, at: datetime, next_seq: Callable[[], int], *, is_trade: bool) -> Quote:
    """What a row says, as a quote that was received `at`."""
    said: Mapping[str, Any] = {**row.prices, **row.sizes}
    return Quote(
        symbol=row.traded.symbol,
        source=SOURCE,
        seq=next_seq(),
        ts=at,
        recv_ts=at,
        session_date=market.session_of(at),
        contract=row.traded.contract,
        ts_origin="local",
        trade=is_trade,
        **said,
    )


def _told(row: SheetRow) -> _Told:
    return (row.traded.contract, *map(row.prices.get, _PRICES), *map(row.sizes.get, _SIZES))
