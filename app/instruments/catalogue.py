"""The futures that Thor knows from the start: tick sizes, multipliers and the names that each source gives them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Literal

PriceFormat = Literal["D", "32"]


@dataclass(frozen=True, slots=True)
class Instrument:
    """One futures root. Prices are multiples of `tick_size`; one point is worth `multiplier` units of `currency`.

    `price_format` is `D` for decimals or `32` where sources may quote thirty-seconds (118'16). `calendar` names the
    product group whose hours it keeps.
    """

    symbol: str
    name: str
    mic: str
    venue: str
    currency: str
    tick_size: Decimal
    tick_decimals: int
    multiplier: Decimal
    price_format: PriceFormat
    calendar: str
    schwab_symbol: str
    tos_symbol: str

    @property
    def tick_value(self) -> Decimal:
        """What one tick of one contract is worth, in `currency`."""
        return self.tick_size * self.multiplier


VENUES: Final = {"XCME": "CME", "XCBT": "CBOT", "XNYM": "NYMEX", "XCEC": "COMEX", "XCBF": "CFE", "IFUS": "ICE"}
EQUITY: Final = "CMEGLOBEX_EQUITY"
ENERGY_METALS: Final = "CMEGLOBEX_ENERGY_METALS"
RATES: Final = "CMEGLOBEX_RATES"
FX: Final = "CMEGLOBEX_FX"


def _instrument(
    symbol: str, name: str, mic: str, tick: str, multiplier: str, calendar: str, price_format: PriceFormat = "D"
) -> Instrument:
    _, point, places = tick.partition(".")
    return Instrument(
        symbol=symbol,
        name=name,
        mic=mic,
        venue=VENUES[mic],
        currency="USD",
        tick_size=Decimal(tick),
        tick_decimals=len(places) if point else 0,
        multiplier=Decimal(multiplier),
        price_format=price_format,
        calendar=calendar,
        schwab_symbol=f"/{symbol}",
        tos_symbol=f"/{symbol}:{mic}",
    )


# Ticks and multipliers are those of QuantConnect's Lean symbol-properties database.
_ALL: Final = (
    _instrument("ES", "E-mini S&P 500", "XCME", "0.25", "50", EQUITY),
    _instrument("MES", "Micro E-mini S&P 500", "XCME", "0.25", "5", EQUITY),
    _instrument("NQ", "E-mini Nasdaq-100", "XCME", "0.25", "20", EQUITY),
    _instrument("MNQ", "Micro E-mini Nasdaq-100", "XCME", "0.25", "2", EQUITY),
    _instrument("YM", "E-mini Dow ($5)", "XCBT", "1", "5", EQUITY),
    _instrument("MYM", "Micro E-mini Dow", "XCBT", "1", "0.5", EQUITY),
    _instrument("RTY", "E-mini Russell 2000", "XCME", "0.1", "50", EQUITY),
    _instrument("M2K", "Micro E-mini Russell 2000", "XCME", "0.1", "5", EQUITY),
    _instrument("CL", "WTI Crude Oil", "XNYM", "0.01", "1000", ENERGY_METALS),
    _instrument("GC", "Gold", "XCEC", "0.1", "100", ENERGY_METALS),
    _instrument("SI", "Silver", "XCEC", "0.005", "5000", ENERGY_METALS),
    _instrument("HG", "Copper", "XCEC", "0.0005", "25000", ENERGY_METALS),
    _instrument("ZB", "U.S. Treasury Bond (30y)", "XCBT", "0.03125", "1000", RATES, "32"),
    _instrument("ZN", "10-Year T-Note", "XCBT", "0.015625", "1000", RATES, "32"),
    _instrument("ZF", "5-Year T-Note", "XCBT", "0.0078125", "1000", RATES, "32"),
    _instrument("ZT", "2-Year T-Note", "XCBT", "0.00390625", "2000", RATES, "32"),
    _instrument("6E", "Euro FX", "XCME", "0.00005", "125000", FX),
    _instrument("6J", "Japanese Yen", "XCME", "0.0000005", "12500000", FX),
    _instrument("VX", "Cboe VIX futures", "XCBF", "0.05", "1000", "CFE"),
    _instrument("DX", "ICE U.S. Dollar Index", "IFUS", "0.005", "1000", "ICEUS"),
    _instrument("BTC", "Bitcoin (5 BTC)", "XCME", "5", "5", "CMEGLOBEX_CRYPTO"),
)

CATALOGUE: Final[Mapping[str, Instrument]] = MappingProxyType({item.symbol: item for item in _ALL})
DEFAULT_WATCHLIST: Final = ("YM", "ES", "NQ", "RTY", "CL", "SI", "HG", "GC", "VX", "DX", "ZB")
