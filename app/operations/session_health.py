"""Whether sessions go as they should: feeds are fresh while markets are open, and opens and closes are seen to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session

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


@dataclass(frozen=True)
class Feeds:
    """The wanted sources, and for how many seconds each of them was not heard in whose hours a market has been open for
    a while; None where it never was, or nobody holds it."""

    wanted: Sequence[CollectorState]
    silence_s: Mapping[str, float | None]

    @property
    def troubled(self) -> dict[str, str]:
        """What a person has to mend, by source; whether or not a market is open."""
        return {one.source: one.detail or one.state for one in self.wanted if one.state in TROUBLES}

    @property
    def silent(self) -> list[str]:
        """The sources that should be heard and were not for 90 s, apart from those that are troubled."""
        heard = {source: age_s is not None and age_s <= FEED_SILENCE_S for source, age_s in self.silence_s.items()}
        return [source for source, is_heard in heard.items() if not is_heard and source not in self.troubled]


def read_feeds(stores: Stores, client: Redis, now: datetime, configured: Sequence[str] = COLLECTED) -> Feeds:
    """How the wanted sources stand; `configured` are those that can be collected here.

    Of a feed that streams, any word of its source counts, whether or not it changed a quote, because prices may well
    stand still on a holiday; of others only what is new, because a page that is read again and again proves nothing.
    """
    since = now - timedelta(seconds=FEED_SILENCE_S)
    wanted = [one for one in collector_states(client, now, configured) if one.wanted]
    return Feeds(wanted, {one.source: _silence_s(one, now) for one in wanted if _has_hours(stores, one, now, since)})


def check_feeds(stores: Stores, client: Redis, configured: Sequence[str] = COLLECTED) -> Check:
    """While a market of its symbols is open, each wanted source has a holder and was heard in the last 90 s, as
    `read_feeds` tells it; what a person has to mend of a wanted source is told at any time.
    """
    feeds = read_feeds(stores, client, stores.clock.now(), configured)
    if not feeds.wanted:
        return Check("feeds", True, "no source is wanted")
    told = [f"{source}: {detail}" for source, detail in feeds.troubled.items()]
    if not feeds.silence_s:
        names = ", ".join(one.source for one in feeds.wanted)
        waiting = f"{names} wanted, no market of theirs has been open for a while"
        return Check("feeds", True, "; ".join([waiting, *told]))
    if feeds.silent:
        told.append(f"nothing new from {', '.join(feeds.silent)}: see `flask status`")
    detail = "; ".join(told) or f"{', '.join(feeds.silence_s)} fresh"
    return Check("feeds", not told, detail, {"silence_s": feeds.silence_s})


def overdue_events(stores: Stores, session: Session, now: datetime) -> list[MarketEvent]:
    """The opens and closes of automated markets that nobody has begun 15 minutes after they were due, or that have been
    worked at for as long."""
    by = now - OVERDUE_AFTER
    automated, waiting = automated_markets(session), unfinished(session, by)
    stuck = [event for event in waiting if event.started_at is None or event.started_at <= by]
    return [event for event in stuck if event.market in automated and _has_session(stores, event)]


def failed_sessions(session: Session, now: datetime) -> list[SessionCertificate]:
    """The sessions of the last week that could not be certified."""
    failed = SessionCertificate.verdict == "failed", SessionCertificate.session_date >= (now - LOOK_BACK).date()
    return list(session.scalars(select(SessionCertificate).where(*failed)))


def check_sessions(stores: Stores) -> Check:
    """No open or close of an automated market is overdue by 15 minutes; sessions of the last week that could not be
    certified are told."""
    now = stores.clock.now()
    with stores.sessions() as session:
        overdue, failed = overdue_events(stores, session, now), failed_sessions(session, now)
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
