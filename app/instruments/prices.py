"""How the prices of an instrument are written: decimals, or points and thirty-seconds."""

from decimal import Decimal
from typing import Final, Protocol

_PER_POINT: Final = 256  # Eighths of a thirty-second.
# The third digit of Schwab's "3,32" is the thirty-second's first decimal, cut: 0.125, 0.25, 0.375 … 0.875.
_EIGHTHS: Final = "01235678"


class Priced(Protocol):
    """What is to be known of an instrument to write its prices."""

    @property
    def price_format(self) -> str:
        """`32` for points and thirty-seconds, else `D`."""

    @property
    def tick_size(self) -> Decimal:
        """The smallest step of a price."""

    @property
    def tick_decimals(self) -> int:
        """How many decimals the tick has."""


def price_text(instrument: Priced, price: Decimal) -> str:
    """A price as traders of the instrument read it; nothing is rounded.

    Decimals have as many places as the tick, and more where the price does: 6745.50. Thirty-seconds are written behind
    an apostrophe, as Schwab does in its format "3,32": 118'16 is 118 and 16/32; where the tick is finer, a third digit
    stands for eighths of a thirty-second: 110'165 is 110 and 16.5/32, 101'262 is 101 and 26.25/32. A price between
    eighths, such as an average, stays a decimal number.
    """
    eighths = abs(price) * _PER_POINT
    if instrument.price_format == "32" and eighths == eighths.to_integral_value():
        return _in_thirty_seconds(instrument.tick_size, int(eighths), price < 0)
    # A price of the database has nine places; what is needed of them is told by its digits.
    exponent = price.normalize().as_tuple().exponent
    places = max(instrument.tick_decimals, -exponent if isinstance(exponent, int) else 0)
    return f"{price:.{places}f}"


def _in_thirty_seconds(tick_size: Decimal, eighths: int, is_negative: bool) -> str:
    points, rest = divmod(eighths, _PER_POINT)
    whole, eighth = divmod(rest, 8)
    is_coarse = tick_size * 32 == (tick_size * 32).to_integral_value()
    digit = "" if is_coarse and eighth == 0 else _EIGHTHS[eighth]
    return f"{'-' if is_negative else ''}{points}'{whole:02}{digit}"
