"""Looking at ladders: which day is meant, what became of it, and why a day has none."""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from app.bus import keys
from app.clock import brief_text
from app.errors import NotFound
from app.market.market import Market
from app.operations.premarket.policy import PremarketPolicy
from app.premarket.definition import Ladder, climb_on, next_climb
from app.premarket.forms import report_form
from app.premarket.models import PremarketReport
from app.premarket.reports import find_report, list_reports, report_text
from app.premarket.rows import stages_of, stages_of_days
from app.stores import Stores

log = logging.getLogger(__name__)

Origin = Literal["cache", "database"]
# One is over, or under way, while the next is planned already.
_NEWEST: Final = 3


@dataclass(frozen=True)
class KeptReport:
    """The report of a day as a document and as the text that was kept, where that was read, the ladder as it stands,
    and the analysis that it rests on."""

    text: str
    document: Mapping[str, Any]
    origin: Origin
    standing: Mapping[str, Any]
    job_id: int | None


def market_meant(stores: Stores, policy: PremarketPolicy, name: str | None) -> str:
    """The market of that name; without one the desk's, or the first that has a ladder where the desk's has none.

    NotFound when no market has the name.
    """
    if name is not None:
        return stores.markets.named(name).name
    desk = stores.market.name
    return desk if policy.ladder_of(desk) or not policy.ladders else policy.ladders[0].market


def day_at_hand(session: Session, market: str, now: datetime) -> date | None:
    """The day of the ladder that began last, whose report is of use until the next one begins; before any has begun
    that of the next one, and None when there is none."""
    rows = list_reports(session, market, limit=_NEWEST)
    begun = [row for row in rows if stages_of(session, market, row.session_date)[0].planned_at <= now]
    return begun[0].session_date if begun else rows[-1].session_date if rows else None


def ladder_record(stores: Stores, policy: PremarketPolicy, market: str, day: date | None) -> dict[str, Any]:
    """The ladder of a day, by default of the one at hand, as `report_form`; NotFound, with the reason, without one."""
    with stores.sessions() as session:
        row = _row(stores, policy, session, market, day)
        return report_form(row, stages_of(session, market, row.session_date), stores.clock.now())


def ladder_records(stores: Stores, market: str, before: date | None, limit: int) -> list[dict[str, Any]]:
    """The ladders of a market, the latest day first, up to the day before `before`."""
    with stores.sessions() as session:
        rows = list_reports(session, market, before, limit)
        stages = stages_of_days(session, market, [row.session_date for row in rows])
        return [report_form(row, stages[row.session_date], stores.clock.now()) for row in rows]


def kept_report(
    stores: Stores, policy: PremarketPolicy, market: str, day: date | None, cache: Redis | None = None
) -> KeptReport:
    """The report of a day, by default of the one at hand; NotFound, with the reason, when it is not made.

    It is read from the cache where that has it as it was kept, else from the database.
    """
    with stores.sessions() as session:
        row = _row(stores, policy, session, market, day)
        standing = report_form(row, stages_of(session, market, row.session_date), stores.clock.now())
    if row.document is None:
        raise NotFound(_unmade(row, standing))
    cached = None if cache is None else _cached(cache, row)
    if cached is None:
        return KeptReport(report_text(row.document), row.document, "database", standing, row.job_id)
    return KeptReport(cached, row.document, "cache", standing, row.job_id)


def absence_of(stores: Stores, policy: PremarketPolicy, market: str, day: date | None) -> str:
    """Why there is nothing recorded of the ladder of a day, and when the next one is."""
    ladder, calendar, now = policy.ladder_of(market), stores.markets.named(market), stores.clock.now()
    if ladder is None:
        with_one = ", ".join(one.market for one in policy.ladders) or "none"
        return f"the opens of {market} are not prepared: those that PREMARKET_LADDERS names are ({with_one})"
    if day is None:
        return f"no ladder of {market} has been planned yet{_coming(ladder, calendar, now)}"
    climb = climb_on(ladder, calendar, day)
    if climb is None:
        return f"{day} has no ladder: {_closed(calendar, day)}{_coming(ladder, calendar, now)}"
    if climb.opens_at > now:
        return f"the ladder of {day} is planned once the open before it has passed{_coming(ladder, calendar, now)}"
    advice = f"`flask premarket run --date={day} --market={market}` works it anew, with what was known then"
    return f"nothing is recorded of the ladder of {day}, as Thor was away then: {advice}"


def _row(stores: Stores, policy: PremarketPolicy, session: Session, market: str, day: date | None) -> PremarketReport:
    wanted = day if day is not None else day_at_hand(session, market, stores.clock.now())
    found = None if wanted is None else find_report(session, market, wanted)
    if found is None:
        raise NotFound(absence_of(stores, policy, market, day))
    return found


def _cached(cache: Redis, row: PremarketReport) -> str | None:
    try:
        text = cache.get(keys.premarket_report(row.market, row.session_date))
    except RedisError as error:
        log.warning("the report of %s on %s comes from the database: %s", row.market, row.session_date, error)
        return None
    is_whole = isinstance(text, str) and hashlib.sha256(text.encode()).hexdigest() == row.sha256
    return str(text) if is_whole else None


def _unmade(row: PremarketReport, standing: Mapping[str, Any]) -> str:
    planned = next((one["planned_at"] for one in standing["stages"] if one["stage"] == "report"), "")
    if standing["phase"] == "over":
        why = "; ".join(row.reasons) or "its stages ended without one"
        return f"there is no report of {row.session_date}: {why}"
    due = f", it is due to be made from {planned[:16]}Z on" if planned else ""
    return f"the report of {row.session_date} is not made yet{due}: GET /api/premarket/{row.session_date} tells how far"


def _closed(calendar: Market, day: date) -> str:
    told = calendar.day(day)
    if told.session is None:
        why = told.holiday or told.remark or ("a weekend" if told.is_weekend else "the exchange is closed")
        return f"{calendar.name} does not trade on it ({why})"
    named = f" ({told.holiday or told.remark})" if told.holiday or told.remark else ""
    return f"it has no regular hours{named}, whose open a ladder leads up to"


def _coming(ladder: Ladder, calendar: Market, now: datetime) -> str:
    climb = next_climb(ladder, calendar, now)
    if climb is None:
        return ""
    begins = brief_text(climb.rungs[0].planned_at)
    return f"; the next leads up to the open of {climb.day} at {brief_text(climb.opens_at)} and begins at {begins}"
