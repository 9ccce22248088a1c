"""Which rows of a sheet are events: those that say something else than before."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from app.collectors.excel.sheet import SheetReading, SheetRow
from app.collectors.feeds import NextSeq
from app.market.market import Market
from app.quotes import Quote

SOURCE: Final = "EXCEL"
_PRICES: Final = ("last", "bid", "ask")
_SIZES: Final = ("last_size", "bid_size", "ask_size", "volume")
_Told = tuple[str | Decimal | int | None, ...]


class Changes:
    """Compares every reading of a sheet with what was told of each symbol, and tells what is new."""

    def __init__(self, next_seq: NextSeq, market: Market, told: Sequence[Quote] = ()) -> None:
        """`told` are the last quotes of a run before: a sheet that says the same still is no news, and no fresh price.

        A sheet does not say since when it has been as it is.
        """
        self._next_seq, self._market = next_seq, market
        self._told: dict[str, _Told] = {quote.symbol: _said(quote) for quote in told}
        self._volumes = {quote.symbol: quote.volume for quote in told if quote.volume is not None}

    def quotes(self, reading: SheetReading, at: datetime) -> list[Quote]:
        """The quotes of rows whose last, bid, ask, sizes or volume changed, as received `at`, in the sheet's order.

        A symbol that was never told is new, and so is another contract of it. A row without a last, bid or ask price is
        no event, and what was told before stays the measure. A quote carries a trade when the volume grew, or where the
        sheet has no column of volumes, when the last price or its size changed.
        """
        found = []
        for row in reading.rows:
            told = _told(row)
            before = self._told.get(row.traded.symbol)
            if row.has_price and told != before:
                found.append(self._quote(row, at, trade=self._is_trade(row, before, reading)))
                self._told[row.traded.symbol] = told
            if (volume := row.sizes.get("volume")) is not None:
                self._volumes[row.traded.symbol] = volume
        return found

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

    def _quote(self, row: SheetRow, at: datetime, *, trade: bool) -> Quote:
        said: Mapping[str, Any] = {**row.prices, **row.sizes}
        return Quote(
            symbol=row.traded.symbol,
            source=SOURCE,
            seq=self._next_seq(),
            ts=at,
            recv_ts=at,
            session_date=self._market.session_of(at),
            contract=row.traded.contract,
            ts_origin="local",
            trade=trade,
            **said,
        )


def _said(quote: Quote) -> _Told:
    prices, sizes = (getattr(quote, name) for name in _PRICES), (getattr(quote, name) for name in _SIZES)
    return (quote.contract, *prices, *sizes)


def _told(row: SheetRow) -> _Told:
    return (row.traded.contract, *map(row.prices.get, _PRICES), *map(row.sizes.get, _SIZES))
