"""The desk's days: what is watched, sessions that were traded, and ticks of the timetable where something happens."""

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from app.bus.stream import QuotePublisher
from app.desk.models import MarketDataSnapshot, MarketEvent, SessionCertificate
from app.instruments.models import TradingInstrument
from app.market.markets import market
from app.market.sessions import Session
from app.operations import closing, reconciling
from app.operations.tick_steps import TickPolicy
from app.quotes import Quote
from app.stores import Stores
from tests.factories import quote

TICK = timedelta(seconds=15)
# A feed that brings something every three minutes was alive in all of them.
EVERY = timedelta(minutes=3)
POLICY = TickPolicy(partitions_ahead_days=9, resume_window_s=900)
Trade = Callable[..., list[Quote]]
_ENDED = re.compile(r"(\w+) (opened|closed) on (\S+) \((?:done|late)\)")


def watch_only(stores: Stores, *symbols: str) -> None:
    """Have the desk watch these symbols and no others."""
    with stores.sessions.begin() as session:
        session.execute(update(TradingInstrument).values(watch_position=None))
        for place, symbol in enumerate(symbols, start=1):
            chosen = update(TradingInstrument).where(TradingInstrument.symbol == symbol)
            session.execute(chosen.values(watch_position=place))


def traded(hours: Session, symbol: str = "ES", every: timedelta = EVERY, price: float = 6700) -> list[Quote]:
    """Trades of a whole session, at even steps and in its last second: the first at `price`, each a quarter higher."""
    count = -((hours.open - hours.close) // every)
    times = [*(hours.open + number * every for number in range(count)), hours.close - timedelta(seconds=1)]
    return [trade_at(ts, symbol, price + number / 4, hours.day) for number, ts in enumerate(times)]


def trade_at(ts: datetime, symbol: str = "ES", price: float = 6700, day: date | None = None, **parts: object) -> Quote:
    """One trade; its number is that of its second."""
    known = {"ts": ts, "recv_ts": ts, "seq": int(ts.timestamp()), "last": Decimal(str(price)), "bid": None, "ask": None}
    return quote(symbol=symbol, session_date=day or market().session_of(ts), **(known | parts))


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has nobody wait for what is under way, for tests in which all that will be stored is stored at once."""
    monkeypatch.setattr(reconciling, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(closing, "DRAIN_S", 0.0)


@pytest.fixture
def trade(publisher: QuotePublisher, drain: Callable[[], object]) -> Trade:
    """Publishes quotes, and stores them."""

    def publish(*quotes: Quote) -> list[Quote]:
        for first in range(0, len(quotes), 500):
            publisher.publish(quotes[first : first + 500])
        drain()
        return list(quotes)

    return publish


@pytest.fixture
def endings(caplog: pytest.LogCaptureFixture) -> Callable[[], Counter[tuple[str, str, str]]]:
    """Counts how often each open and close came to its end, as it was logged: market, what, and day."""
    caplog.set_level(logging.INFO, logger="app.operations")

    def count() -> Counter[tuple[str, str, str]]:
        return Counter(match.groups() for match in map(_ENDED.match, caplog.messages) if match)

    return count


def looks(hours: Sequence[Session], start: datetime, end: datetime) -> Iterator[datetime]:
    """Ticks around each open and close, some after each close, and one in eight hours elsewhere, in order."""
    near = {at + step * TICK for one in hours for at in (one.open, one.close) for step in (-1, 0, 1)}
    after = {one.close + timedelta(seconds=120 + 15 * step) for one in hours for step in (0, 1, 2)}
    quiet = {start + number * timedelta(hours=8) for number in range((end - start) // timedelta(hours=8))}
    return iter(sorted(at for at in near | after | quiet if start <= at < end))


def events_recorded(stores: Stores) -> dict[tuple[str, date, str], MarketEvent]:
    """What became of the events that are over, by market, day and name."""
    with stores.sessions() as session:
        rows = session.scalars(select(MarketEvent).where(MarketEvent.done_at.is_not(None)))
        return {(row.market, row.session_date, row.event): row for row in rows}


def statuses(stores: Stores, market: str = "CME_Futures") -> dict[tuple[date, str], str]:
    """The statuses of a market's events."""
    with stores.sessions() as session:
        rows = session.scalars(select(MarketEvent).where(MarketEvent.market == market))
        return {(row.session_date, row.event): row.status for row in rows}


def snapshots(stores: Stores) -> dict[tuple[str, date], MarketDataSnapshot]:
    """All snapshots."""
    with stores.sessions() as session:
        return {(row.market, row.session_date): row for row in session.scalars(select(MarketDataSnapshot))}


def certificates(stores: Stores) -> dict[tuple[str, date], SessionCertificate]:
    """All certificates."""
    with stores.sessions() as session:
        return {(row.market, row.session_date): row for row in session.scalars(select(SessionCertificate))}
