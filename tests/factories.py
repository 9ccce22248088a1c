"""Plain functions that make valid things, any part of which a test can replace."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from app.quotes import Quote, to_fields
from app.ticks.store import COPY_COLUMNS

MOMENT = datetime(2025, 10, 9, 15, 30, tzinfo=UTC)
DAY = date(2025, 10, 9)


def quote(**parts: Any) -> Quote:
    """A trade of ES in the middle of an ordinary session."""
    known: dict[str, Any] = {
        "symbol": "ES",
        "source": "REPLAY",
        "seq": 1,
        "ts": MOMENT,
        "recv_ts": MOMENT,
        "session_date": DAY,
        "contract": "ESZ25",
        "last": Decimal("6710.25"),
        "bid": Decimal("6710"),
        "ask": Decimal("6710.25"),
        "last_size": 2,
        "volume": 1_024,
        "trade": True,
    }
    return Quote(**(known | parts))


def quotes(count: int, *, first_seq: int = 1, **parts: Any) -> list[Quote]:
    """Quotes that differ in their sequence number alone."""
    return [quote(seq=seq, **parts) for seq in range(first_seq, first_seq + count)]


def wire(**fields: str | bytes | None) -> dict[str, str | bytes]:
    """The wire fields of a quote with some replaced, added or, by None, left out."""
    flat = to_fields(quote())
    known: dict[str, str | bytes | None] = dict(zip(flat[::2], flat[1::2], strict=True))
    return {name: value for name, value in (known | fields).items() if value is not None}


def words(**fields: str | bytes | None) -> list[bytes]:
    """The words of a stream entry as the server returns them; see `wire`."""
    flat = [part for pair in wire(**fields).items() for part in pair]
    return [part.encode() if isinstance(part, str) else part for part in flat]


def lines(*some: Quote) -> list[bytes]:
    """Rows of COPY's text format, as ingest makes them of quotes."""
    return ["\t".join(_cell(getattr(one, name)) for name in COPY_COLUMNS).encode() + b"\n" for one in some]


def _cell(value: object) -> str:
    return r"\N" if value is None else str(value)
