"""Which of Schwab's services and keys carry the symbols that are collected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from app.collectors.schwab.fields import EQUITIES, FUTURES
from app.errors import Rejected
from app.instruments.catalogue import CATALOGUE
from app.instruments.symbology import resolve

CENT_OF_A_CENT: Final = Decimal("0.0001")  # The finest step of US share prices.
Keyed = tuple[str, str]  # A service and a key in it: neither says anything alone.


@dataclass(frozen=True, slots=True)
class Listing:
    """One symbol at Schwab: the service and key that carry it, and what its prices are multiples of."""

    symbol: str
    service: str
    key: str
    contract: str | None = None
    tick: Decimal = CENT_OF_A_CENT

    @property
    def keyed(self) -> Keyed:
        """Its service and key."""
        return self.service, self.key


def listings(symbols: Sequence[str], today: date) -> Mapping[Keyed, Listing]:
    """The listing of every symbol, each canonical symbol once, by service and key.

    A symbol behind a slash, such as /ESZ25, and one of the catalogue is a future, any other one a share. Rejected when
    one is no symbol, or there is none.
    """
    if not symbols:
        raise Rejected("there is nothing to collect: set SCHWAB_SYMBOLS, or watch an instrument")
    found: dict[str, Listing] = {}
    for name in symbols:
        symbol, contract = resolve(name, today)
        found.setdefault(symbol, _listing(name.strip().upper(), symbol, contract))
    return {listing.keyed: listing for listing in found.values()}


def _listing(name: str, symbol: str, contract: str | None) -> Listing:
    known = CATALOGUE.get(symbol)
    if known is None and not name.startswith("/"):
        return Listing(symbol, EQUITIES, symbol)
    root = known.schwab_symbol if known else f"/{symbol}"
    tick = known.tick_size if known else CENT_OF_A_CENT
    return Listing(symbol, FUTURES, f"/{contract}" if contract else root, contract, tick)
