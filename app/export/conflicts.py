"""Ticks that contradict what the lake has of the same event: kept as dead letters, where they can be looked at."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.ledger.models import DeadLetter
from app.quotes import FIELD_NAMES, Quote, to_fields

_REASON = "conflict: the lake has an event with this symbol, ts, source and seq and other content"


def save_conflicts(session: Session, ticks: Sequence[dict[str, Any]], now: datetime) -> None:
    """Keep each tick, a mapping of column to value, as an open dead letter with the fields in their wire form."""
    rows = [_row(tick, f"merge:{now:%Y%m%dT%H%M%S%f}:{number}") for number, tick in enumerate(ticks)]
    if rows:
        session.execute(insert(DeadLetter), rows)


def _row(tick: dict[str, Any], letter_id: str) -> dict[str, Any]:
    quote = Quote(**{name: value for name, value in tick.items() if name in FIELD_NAMES})
    flat = to_fields(quote)
    return {
        "stream_id": letter_id,
        "reason": _REASON,
        "fields": dict(zip(flat[::2], flat[1::2], strict=True)),
        "source": quote.source,
        "symbol": quote.symbol,
        "session_date": quote.session_date,
    }
