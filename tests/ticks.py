"""Ticks where tests need them: rows of the table, and files of a lake."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import insert
from sqlalchemy.orm import Session, sessionmaker

from app.lake.facts import FileFacts
from app.lake.files import publish
from app.lake.layout import Lake
from app.lake.schemas import BAR_FILE, TICK_FILE
from app.market.markets import Markets
from app.market.sessions import Session as Hours
from app.quotes import Quote
from app.ticks.models import Tick
from app.ticks.partitions import ensure_partitions
from tests.factories import DAY, quote

OPEN = datetime(2025, 10, 8, 22, tzinfo=UTC)
CLOSE = datetime(2025, 10, 9, 21, tzinfo=UTC)
HOURS = Hours(DAY, OPEN, CLOSE)
LATER = datetime(2025, 10, 10, 12, tzinfo=UTC)
MARKETS = Markets()


def trade(at_s: float, price: str | float, volume: int | None, **parts: Any) -> Quote:
    """A trade so many seconds after the session's open, with the source's cumulative volume."""
    ts = OPEN + timedelta(seconds=at_s)
    known = {"ts": ts, "recv_ts": ts, "last": Decimal(str(price)), "volume": volume, "seq": round(at_s * 1000) + 10**6}
    return quote(**(known | parts))


def store_quotes(sessions: sessionmaker[Session], quotes: Iterable[Quote]) -> None:
    """Put quotes into the tick table, with the partitions that they need."""
    rows = [{key: value for key, value in found._asdict().items() if key != "v"} for found in quotes]
    with sessions.begin() as session:
        ensure_partitions(session, {row["session_date"] for row in rows})
        session.execute(insert(Tick), rows)


def tick_table(quotes: Sequence[Quote]) -> pa.Table:
    """Quotes as the rows of a tick file, in the order given."""
    rows = [{**found._asdict(), "created_at": LATER} for found in quotes]
    return pa.Table.from_pylist(rows, schema=TICK_FILE.columns)


def write_ticks(lake: Lake, quotes: Sequence[Quote], taken_at: datetime = LATER, day: date = DAY) -> FileFacts:
    """Publish one symbol's quotes as the lake's tick file of a trading day."""
    ordered = sorted(quotes, key=lambda found: (found.ts, found.seq, found.source))
    symbol = ordered[0].symbol
    target = lake.ticks_file(day, symbol)
    batches = tick_table(ordered).to_batches()
    return publish(lake, target, TICK_FILE, batches, day=day, symbol=symbol, taken_at=taken_at)


def bar_table(quotes: Sequence[Quote], first: datetime = OPEN, seconds: int = 60) -> pa.Table:
    """One bar for each quote, flat at its price, in touching buckets from `first` on."""
    rows = [
        {
            "symbol": found.symbol,
            "source": found.source,
            "session_date": found.session_date,
            "t_open": first + timedelta(seconds=seconds * i),
            "t_close": first + timedelta(seconds=seconds * (i + 1)),
            **dict.fromkeys(("open", "high", "low", "close"), found.last),
            "volume": found.volume,
            "tick_count": 1,
        }
        for i, found in enumerate(quotes)
    ]
    return pa.Table.from_pylist(rows, schema=BAR_FILE.columns)
