"""The baseline of a session: the last price of the session before, by symbol."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bus import keys
from app.bus.hashes import read_hash, write_hash
from app.clock import instant_text
from app.errors import Conflict, NotFound
from app.lake.layout import Lake
from app.lake.manifest import check_bytes, find_file
from app.market.market import Market
from app.market.sessions import Session as Hours
from app.stores import Stores
from app.ticks.models import Tick

_LAST_IN_FILE: Final = """
SELECT arg_max(last, (ts, seq)), max(ts), arg_max(source, (ts, seq))
FROM read_parquet($file) WHERE last IS NOT NULL AND ts >= $opened AND ts < $closed
"""


@dataclass(frozen=True)
class Baseline:
    """A symbol's last price in a session, of one source."""

    symbol: str
    price: Decimal
    ts: datetime
    source: str
    day: date

    def shown(self) -> dict[str, str]:
        """The baseline as text."""
        return {
            "price": str(self.price),
            "ts": instant_text(self.ts),
            "source": self.source,
            "session_date": self.day.isoformat(),
        }


def previous_closes(stores: Stores, market: Market, day: date, symbols: Iterable[str]) -> list[Baseline]:
    """The last price within its market's hours in the session before `day`, of each symbol that has one.

    From the database, or from the lake where the database no longer has that session.
    """
    before = previous_session(market, day)
    if before is None:
        return []
    with stores.sessions() as session:
        found = (_last_price(session, stores.lake, before, symbol) for symbol in sorted(symbols))
        return [baseline for baseline in found if baseline is not None]


def previous_session(market: Market, day: date) -> Hours | None:
    """The session before the one of `day`; None at the calendar's beginning, and when `day` has none."""
    hours = market.session(day)
    before = market.last_completed(hours.open, 1) if hours else []
    return before[0] if before else None


def keep_baselines(client: Redis, baselines: Iterable[Baseline]) -> None:
    """Put baselines where live readers find them, unless there are those of a later session."""
    for baseline in baselines:
        key = keys.baseline(baseline.symbol)
        if read_hash(client, key).get("session_date", "") <= baseline.day.isoformat():
            write_hash(client, key, baseline.shown())


def _last_price(session: Session, lake: Lake, hours: Hours, symbol: str) -> Baseline | None:
    inside = (Tick.ts >= hours.open, Tick.ts < hours.close, Tick.last.is_not(None))
    query = select(Tick.last, Tick.ts, Tick.source).where(
        Tick.session_date == hours.day, Tick.symbol == symbol, *inside
    )
    row: Any = session.execute(query.order_by(Tick.ts.desc(), Tick.seq.desc()).limit(1)).first()
    found = tuple(row) if row else _last_in_file(session, lake, hours, symbol)
    return None if found is None else Baseline(symbol, found[0], found[1], found[2], hours.day)


def _last_in_file(session: Session, lake: Lake, hours: Hours, symbol: str) -> tuple[Decimal, datetime, str] | None:
    row = find_file(session, "ticks", hours.day, symbol)
    if row is None:
        return None
    try:
        path = check_bytes(lake, row)
    except (Conflict, NotFound):
        return None  # No price is better than one of a damaged file.
    return _asked(lake, path, hours)


def _asked(lake: Lake, path: Path, hours: Hours) -> tuple[Decimal, datetime, str] | None:
    # DuckDB takes a while to load, which an open with yesterday's ticks in the database saves.
    from app.lake.query import connect

    with connect(lake) as connection:
        asked = {"file": str(path), "opened": hours.open, "closed": hours.close}
        price, ts, source = connection.execute(_LAST_IN_FILE, asked).fetchone() or (None, None, None)
    return None if price is None else (price, ts, source)
