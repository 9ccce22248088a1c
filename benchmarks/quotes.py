"""Quotes to measure with: one busy symbol over one session."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from app.quotes import Quote

DAY = date(2025, 10, 9)
FIRST = datetime(2025, 10, 9, 13, 30, tzinfo=UTC)


def make_quotes(count: int, symbol: str = "ES") -> list[Quote]:
    """`count` quotes of 100 µs apart with moving prices, sizes and volume; every third is a trade."""
    made = []
    for index in range(count):
        last = Decimal(672500 + index * 7 % 400 * 25).scaleb(-2)
        ts = FIRST + timedelta(microseconds=100 * index)
        made.append(
            Quote(
                symbol,
                "REPLAY",
                index + 1,
                ts,
                ts,
                DAY,
                "ESZ25",
                last=last,
                bid=last - Decimal("0.25"),
                ask=last,
                last_size=index % 9 + 1,
                bid_size=index % 50,
                ask_size=index % 40,
                volume=index,
                trade=index % 3 == 0,
            )
        )
    return made
