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
from app.bus.hashes import read_hash
from app.clock import instant_text
from app.errors import Conflict, NotFound
from app.instruments.rolls import canonical_contract
from app.lake.layout import Lake
from app.lake.manifest import check_bytes, find_file
from app.market.market import Market
from app.market.sessions import Session as Hours
from app.quotes import LIVE_SOURCES
from app.stores import Stores
from app.ticks.models import Tick

_LAST_IN_FILE: Final = """
SELECT last, ts, source, contract FROM read_parquet($file)
WHERE last IS NOT NULL AND ts >= $opened AND ts < $closed
ORDER BY list_contains($live, source) DESC, ts DESC, seq DESC LIMIT 1
"""
_Found = tuple[Decimal, datetime, str, str | None]


@dataclass(frozen=True)
class Baseline:
    """A symbol's last price in a session, of one source, and the contract that it is of; None where none was told.

    It says nothing about a price of another contract: see `app.instruments.rolls.comparable`.
    """

    symbol: str
    price: Decimal
    ts: datetime
    source: str
    day: date
    contract: str | None = None

    def shown(self) -> dict[str, str]:
        """The baseline as text; without `contract` where that is not known."""
        shown = {
            "price": str(self.price),
            "ts": instant_text(self.ts),
            "source": self.source,
            "session_date": self.day.isoformat(),
        }
        return shown if self.contract is None else {**shown, "contract": self.contract}


def previous_closes(stores: Stores, market: Market, day: date, symbols: Iterable[str]) -> list[Baseline]:
    """The last price within its market's hours in the session before `day`, of each symbol that has one; a real
    source's where there is one.

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
            with client.pipeline() as pipe:
                pipe.delete(key)  # A contract of an earlier session must not stay beside a price of this one.
                pipe.hset(key, mapping=dict[Any, Any](baseline.shown()))
                pipe.execute()


def _last_price(session: Session, lake: Lake, hours: Hours, symbol: str) -> Baseline | None:
    inside = (Tick.ts >= hours.open, Tick.ts < hours.close, Tick.last.is_not(None))
    query = select(Tick.last, Tick.ts, Tick.source, Tick.contract).where(
        Tick.session_date == hours.day, Tick.symbol == symbol, *inside
    )
    # A simulated or replayed price is none where there is a real one.
    order = (Tick.source.in_(LIVE_SOURCES).desc(), Tick.ts.desc(), Tick.seq.desc())
    row: Any = session.execute(query.order_by(*order).limit(1)).first()
    found = tuple(row) if row else _last_in_file(session, lake, hours, symbol)
    if found is None:
        return None
    price, ts, source, told = found
    return Baseline(symbol, price, ts, source, hours.day, canonical_contract(symbol, told, ts))


def _last_in_file(session: Session, lake: Lake, hours: Hours, symbol: str) -> _Found | None:
    row = find_file(session, "ticks", hours.day, symbol)
    if row is None:
        return None
    try:
        path = check_bytes(lake, row)
    except (Conflict, NotFound):
        return None  # No price is better than one of a damaged file.
    return _asked(lake, path, hours)


def _asked(lake: Lake, path: Path, hours: Hours) -> _Found | None:
    # DuckDB takes a while to load, which an open with yesterday's ticks in the database saves.
    from app.lake.query import connect

    with connect(lake) as connection:
        asked = {"file": str(path), "opened": hours.open, "closed": hours.close, "live": sorted(LIVE_SOURCES)}
        return connection.execute(_LAST_IN_FILE, asked).fetchone()
