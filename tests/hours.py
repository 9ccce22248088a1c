"""All markets with a clock that stands, instants to ask them about, and the worked answers of the recorded data."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies

from app.market.market import Market
from app.market.markets import PROFILES, Markets
from tests.fakes import FixedClock

SHARED = Path(__file__).parents[2] / "shared" / "data"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
ONE_DAY = timedelta(days=1)
MARKETS = Markets(clock=FixedClock(NOW))
EVERY_MARKET = [MARKETS.named(name) for name in PROFILES]

needs_shared_data = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the recorded data folder {SHARED} is absent")
each_market = pytest.mark.parametrize("market", EVERY_MARKET, ids=lambda market: market.name)
instants = strategies.datetimes(datetime(2000, 1, 15), datetime(2028, 12, 15), timezones=strategies.just(UTC))
days = strategies.dates(date(2000, 1, 15), date(2028, 12, 15))


def at(text: str) -> datetime:
    """The instant of an ISO 8601 text."""
    return datetime.fromisoformat(text)


def example_rows() -> list[dict[str, str]]:
    """The worked answers, none where the recorded data are absent."""
    if not SHARED.is_dir():
        return []
    with (SHARED / "session_examples.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def worked_answer(row: dict[str, str]) -> dict[str, Any]:
    """What a row promises, under the names of GET /api/session."""
    flags = {name: row[name] == "true" for name in ("is_trading_day", "is_weekend", "is_holiday")}
    return {
        "status": row["status"],
        "market": row["market"],
        "current_time": row["at_utc"],
        "next_transition": row["next_transition_utc"],
        "next_transition_type": row["next_transition_type"],
        "session_date": row["session_date"],
        **flags,
        "holiday_name": row["holiday_name"] or None,
    }


def windows(market: Market, first: date, last: date) -> list[tuple[datetime, datetime, str]]:
    """Every stretch between two days in which the market is not closed, told from its sessions and its profile."""
    found = []
    for session in market.sessions(first, last):
        if market.profile.pre_from is not None:
            begins = datetime.combine(session.day, market.profile.pre_from, market.timezone).astimezone(UTC)
            found.append((begins, session.open, "PRE_MARKET"))
        found.append((session.open, session.close, "OPEN"))
        if market.profile.post_for is not None:
            found.append((session.close, session.close + market.profile.post_for, "POST_MARKET"))
    return found


@strategies.composite
def edges(draw: Any, market: Market) -> datetime:
    """An instant at which a market changes its status or its trading day, or a microsecond beside it."""
    day = draw(days)
    around = [
        edge for begin, end, _status in windows(market, day - 5 * ONE_DAY, day + 5 * ONE_DAY) for edge in (begin, end)
    ]
    window = market.window_of(draw(strategies.sampled_from(around)))
    return draw(strategies.sampled_from([*around, window.start, window.end])) + draw(strategies.integers(-1, 1)) * TICK
