"""Which past sessions of the markets are certified, day by day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from app.clock import brief_text, instant_text
from app.desk.events import closes_between
from app.desk.models import MarketEvent, SessionCertificate
from app.desk.snapshots import certificates_between
from app.errors import Rejected
from app.market.market import Market
from app.operations.desk import watched_markets
from app.operations.session_health import overdue_events
from app.stores import Stores

Form = dict[str, Any]
DAYS_LIMIT: Final = 400
DAYS_BACK: Final = 30
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Records:
    """What is recorded of a run of days, by market and day: certificates, closes, and which closes are overdue."""

    certificates: Mapping[tuple[str, date], SessionCertificate]
    closes: Mapping[tuple[str, date], MarketEvent]
    overdue: frozenset[tuple[str, date]]


def days_asked(stores: Stores, start: date | None, end: date | None) -> tuple[date, date]:
    """The first and last day that are asked for: up to the desk's present day, and from 30 days before the end on.

    Rejected when they are inverted, more than 400, or end outside the calendar.
    """
    last = end or stores.market.state_at(stores.clock.now()).today.day
    stores.market.day(last)  # It refuses a day outside the calendar, before which and after which nothing is counted.
    first = start or last - timedelta(days=DAYS_BACK)
    if first > last:
        raise Rejected(f"start {first} is after end {last}: exchange them")
    if (count := (last - first).days + 1) > DAYS_LIMIT:
        raise Rejected(f"{first} to {last} are {count:,} days: ask for at most {DAYS_LIMIT}")
    return first, last


def certificate_days(stores: Stores, first: date, last: date, market: str | None = None) -> list[Form]:
    """The past sessions of the days from `first` to `last`, both included: newest first, the desk's market before
    others.

    Of one market, or of all that are watched or have a certificate or a close in these days. `verdict` is None where
    there is no certificate; `overdue` tells that its close should have been seen to by now. A certificate of a day on
    which the calendar has no session any more is told, too. NotFound when there is no such market.
    """
    now = stores.clock.now()
    with stores.sessions() as session:
        found = _read(stores, session, first, last, now)
        watched = watched_markets(stores, session)
    others = sorted({name for name, _ in (*found.certificates, *found.closes)})
    names = [market] if market else list(dict.fromkeys([*(one.name for one in watched), *others]))
    forms = [form for name in names for form in _forms(stores.markets.named(name), found, (first, last), now)]
    # The sort is stable, so that of a day the markets keep their order.
    return sorted(forms, key=lambda form: str(form["session_date"]), reverse=True)


def _read(stores: Stores, session: Session, first: date, last: date, now: datetime) -> Records:
    overdue = overdue_events(stores, session, now)
    return Records(
        {(one.market, one.session_date): one for one in certificates_between(session, first, last)},
        {(one.market, one.session_date): one for one in closes_between(session, first, last)},
        frozenset((one.market, one.session_date) for one in overdue if one.event == "close"),
    )


def _forms(market: Market, found: Records, days: Sequence[date], now: datetime) -> list[Form]:
    first, last = days
    closes = {one.day: one.close for one in market.sessions(first, last + _ONE_DAY) if one.close <= now}
    certified = {day for name, day in found.certificates if name == market.name}
    return [_form(market.name, day, closes.get(day), found) for day in sorted(closes.keys() | certified)]


def _form(market: str, day: date, close: datetime | None, found: Records) -> Form:
    certificate, event = found.certificates.get((market, day)), found.closes.get((market, day))
    return {
        "session_date": day.isoformat(),
        "market": market,
        "session_close": brief_text(close) if close else None,
        "verdict": certificate.verdict if certificate else None,
        "reasons": certificate.reasons if certificate else [],
        "made_at": instant_text(certificate.made_at) if certificate else None,
        "overdue": certificate is None and (market, day) in found.overdue,
        "close_status": event.status if event else None,
        "close_reason": event.reason if event else "",
    }
