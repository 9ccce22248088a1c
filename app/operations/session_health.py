"""Whether sessions go as they should: feeds are fresh while markets are open, and opens and closes are seen to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from redis import Redis
from sqlalchemy import select

from app.collectors.feeds import STREAMING
from app.desk.events import unfinished
from app.desk.markets import automated_markets
from app.desk.models import MarketEvent, SessionCertificate
from app.operations.collector_states import TROUBLES, CollectorState, collector_states
from app.operations.desk import any_open, source_markets
from app.operations.health import Check
from app.operations.silence import FIRST_WORDS
from app.quotes import COLLECTED
from app.stores import Stores

FEED_SILENCE_S: Final = 90.0
OVERDUE_AFTER: Final = timedelta(minutes=15)
LOOK_BACK: Final = timedelta(days=7)


def check_feeds(stores: Stores, client: Redis, configured: Sequence[str] = COLLECTED) -> Check:
    """While a market of its symbols is open, each wanted source has a holder and was heard in the last 90 s.

    Of a feed that streams, any word of its source counts, whether or not it changed a quote, because prices may well
    stand still on a holiday; of others only what is new, because a page that is read again and again proves nothing.
    What a person has to mend of a wanted source is told at any time; `configured` are those that can be collected here.
    """
    now, since = stores.clock.now(), stores.clock.now() - timedelta(seconds=FEED_SILENCE_S)
    wanted = [one for one in collector_states(client, now, configured) if one.wanted]
    if not wanted:
        return Check("feeds", True, "no source is wanted")
    names = ", ".join(one.source for one in wanted)
    told = [f"{one.source}: {one.detail or one.state}" for one in wanted if one.state in TROUBLES]
    due = [one for one in wanted if _has_hours(stores, one, now, since)]
    if not due:
        waiting = f"{names} wanted, no market of theirs has been open for a while"
        return Check("feeds", True, "; ".join([waiting, *told]))
    ages = {one.source: _silence_s(one, now) for one in due}
    quiet = {one.source for one in due if one.state not in TROUBLES}
    silent = [source for source, age_s in ages.items() if source in quiet and (age_s is None or age_s > FEED_SILENCE_S)]
    if silent:
        told.append(f"nothing new from {', '.join(silent)}: see `flask status`")
    return Check("feeds", not told, "; ".join(told) or f"{', '.join(ages)} fresh", {"silence_s": ages})


def check_sessions(stores: Stores) -> Check:
    """No open or close of an automated market is overdue by 15 minutes; sessions of the last week that could not be
    certified are told."""
    now = stores.clock.now()
    with stores.sessions() as session:
        automated, waiting = automated_markets(session), unfinished(session, now - OVERDUE_AFTER)
        overdue = [event for event in waiting if event.market in automated and _has_session(stores, event)]
        failed = session.scalars(
            select(SessionCertificate).where(
                SessionCertificate.verdict == "failed", SessionCertificate.session_date >= (now - LOOK_BACK).date()
            )
        ).all()
    late = [f"{event.event} of {event.market} on {event.session_date}" for event in overdue]
    bad = [f"{one.market} on {one.session_date}" for one in failed]
    told = [f"overdue: {', '.join(late[:5])}"] if late else []
    if bad:
        told.append(f"not certified: {', '.join(bad[:5])}, see `flask backfill-session --help`")
    figures = {"overdue": len(late), "not_certified_7d": len(bad)}
    return Check("sessions", not late, "; ".join(told) or "opens and closes are seen to", figures)


def _has_session(stores: Stores, event: MarketEvent) -> bool:
    # One that the calendar has lost is left until its trading day is over, as it may come back.
    return stores.markets.named(event.market).session(event.session_date) is not None


def _has_hours(stores: Stores, state: CollectorState, now: datetime, since: datetime) -> bool:
    markets = source_markets(stores, state.names("symbols"))
    return any_open(markets, now) and any_open(markets, since)


def _are_first_words(state: CollectorState) -> bool:
    # A run that was begun because of the silence hears once more what it knew already.
    spoke_ms, begun_ms = state.count("data_ms"), state.count("begun_ms")
    return state.restarts > 0 and spoke_ms <= begun_ms + FIRST_WORDS.total_seconds() * 1000


def _silence_s(state: CollectorState, now: datetime) -> float | None:
    if state.holder is None:
        return None
    figures = ["event_ms"]
    if state.health.get("feed") == STREAMING and not _are_first_words(state):
        figures.append("data_ms")
    if not state.restarts:  # A run has its time to begin, unless it was begun because of the silence.
        figures.append("begun_ms")
    ages = [state.age_s(name, now) for name in figures]
    return min((age for age in ages if age is not None), default=None)
