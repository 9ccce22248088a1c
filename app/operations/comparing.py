"""Comparing the quotes that two sources have of one symbol."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from app.instruments.catalogue import CATALOGUE
from app.instruments.rolls import comparable

Fields = Mapping[str, str]


def difference_ticks(symbol: str, one: Fields, other: Fields) -> Decimal | None:
    """By how many ticks the middle of one quote's bid and ask is above the other's.

    None where a side of either is not known, or the symbol's tick is not, and where they are of two contracts.
    """
    if not comparable(one.get("contract"), other.get("contract")):
        return None
    instrument, mine, others = CATALOGUE.get(symbol), _middle(one), _middle(other)
    if instrument is None or mine is None or others is None:
        return None
    return (mine - others) / instrument.tick_size


def lag_ms(one: Fields, other: Fields) -> int:
    """By how many milliseconds one quote is older than the other; negative when it is newer."""
    span = datetime.fromisoformat(other["ts"]) - datetime.fromisoformat(one["ts"])
    return round(span / timedelta(milliseconds=1))


def ticks_text(ticks: Decimal) -> str:
    """A number of ticks as decimal text without needless zeros."""
    text = format(ticks, "f")
    shown = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if shown == "-0" else shown


def _middle(fields: Fields) -> Decimal | None:
    bid, ask = fields.get("bid"), fields.get("ask")
    return (Decimal(bid) + Decimal(ask)) / 2 if bid and ask else None
