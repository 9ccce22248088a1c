"""Ticks and files of several sessions, each in the place where history must find it."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from app.export.bars import generate_bars
from app.lake.layout import Lake
from app.market.sessions import Session as Hours
from app.quotes import Quote
from tests.lake_days import export_quotes, purge
from tests.ticks import LATER, MARKETS, store_quotes, trade


def hours_of(day: date) -> Hours:
    """The desk's session of a trading day that has one."""
    found = MARKETS.default.session(day)
    assert found is not None
    return found


def trade_on(day: date, at_s: float, price: str | float, **parts: Any) -> Quote:
    """A trade so many seconds after the open of a trading day's session, whose volume counts the seconds."""
    ts = hours_of(day).open + timedelta(seconds=at_s)
    known = {"ts": ts, "recv_ts": ts, "session_date": day}
    return trade(at_s, price, round(at_s) + 1, **(known | parts))


def store_day(sessions: sessionmaker[Session], lake: Lake, quotes: Sequence[Quote], place: str) -> None:
    """Put one symbol's ticks of a day into the database, the lake with its bars (`both`), or the lake alone."""
    day = quotes[0].session_date
    store_quotes(sessions, quotes)
    if place != "database":
        written_at = max(LATER, hours_of(day).close + timedelta(hours=1))
        export_quotes(sessions, lake, quotes, written_at)
        generate_bars(sessions, lake, MARKETS, day, written_at)
    if place == "lake":
        purge(sessions, day)
