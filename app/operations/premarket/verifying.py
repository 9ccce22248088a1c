"""The report in the cache: put there, looked after until the open, and compared with the database then."""

import hashlib
import logging
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from app.alerts.rules import Condition
from app.alerts.store import raise_alert
from app.errors import Unavailable
from app.operations.premarket.failing import Alert, fail_stage, untold
from app.operations.premarket.judging import say_verdict, settle_verdict
from app.operations.premarket.remarks import GRAVITY, Gravity
from app.operations.premarket.report_cache import cache_report, cached_text, cached_until
from app.premarket.definition import VERIFYING_TAKES, StageKey
from app.premarket.models import PremarketReport, PremarketStage
from app.premarket.reports import find_report, note_verified, report_text
from app.premarket.rows import ENDED, end_stage, find_stage, key_of, note_stage, start_stage
from app.stores import Stores

log = logging.getLogger(__name__)

LOST: Final = "the cache did not have the report at the open"
ANOTHER: Final = "the cache had another report than the database at the open"
CHANGED: Final = "the report in the database is not the one that was made: its hash is another"
# Whoever made the report is about to put it there.
JUST_MADE: Final = timedelta(seconds=30)
OVER: Final = "the session was over when the cache was looked at, which no longer keeps the report"


def verify_report(stores: Stores, market: str, day: date, *, alert: Alert = raise_alert) -> None:
    """Compare the report in the cache with the one in the database, end the stage `verify`, and judge the ladder.

    A report that the cache lacks, or has otherwise, is put there again, and that is told in the stage's reasons and by
    an alert. Without a report the stage fails, which the verdict tells. Unavailable, to be done again, while the cache
    does not answer; once it has not done so until two minutes after the open, the stage fails.
    """
    now = stores.clock.now()
    with stores.sessions.begin() as session:
        row, report = _begun(session, StageKey(market, day, "verify"), now), find_report(session, market, day)
    if row is None or report is None:
        return
    if report.made_at is None:
        _end(stores, row, ["there is no report"], untold, failed=True)
        return
    try:
        found = _mended(stores, row, report, alert)
    except Unavailable as error:
        if now < report.opens_at + VERIFYING_TAKES:
            raise
        _end(stores, row, [f"the cache could not be read: {error}"], alert, failed=True)
        return
    _end(stores, row, found, alert)


def keep_cached(stores: Stores, market: str, day: date, *, alert: Alert = raise_alert) -> bool:
    """Put a report that is made into the cache again where that has lost it before the open; whether it had.

    One that was just made is left to whoever made it. Unavailable when the cache does not answer.
    """
    with stores.sessions() as session:
        report = find_report(session, market, day)
    now = stores.clock.now()
    if report is None or report.made_at is None or not report.made_at + JUST_MADE <= now < report.opens_at:
        return False
    wrong = _wrong(report, cached_text(stores, market, day))
    if not wrong:
        return False
    log.warning("%s on %s: %s: put there again", market, day, wrong)
    with stores.sessions.begin() as session:
        _tell_of_cache(session, report, "the cache lost the report before the open", alert, now)
    return cache_report(stores, report)


def _begun(session: Session, key: StageKey, now: datetime) -> PremarketStage | None:
    start_stage(session, key, now, now)
    row = find_stage(session, key)
    return None if row is None or row.status in ENDED else row


def _mended(stores: Stores, row: PremarketStage, report: PremarketReport, alert: Alert) -> list[str]:
    """What was found wrong, once the cache has the report; what was noted before a kill counts."""
    now = stores.clock.now()
    if now >= cached_until(stores, report):
        return [*row.reasons, OVER]
    changed = [] if report.sha256 == _hash(report) else [CHANGED]
    wrong = _wrong(report, cached_text(stores, report.market, report.session_date))
    found = list(dict.fromkeys([*row.reasons, *changed, *([wrong] if wrong else [])]))
    if wrong:
        # First, since nobody would find it wrong once it is mended.
        with stores.sessions.begin() as session:
            note_stage(session, key_of(row), reasons=found)
            _tell_of_cache(session, report, wrong, alert, now)
        cache_report(stores, report)
    return found


def _wrong(report: PremarketReport, cached: str | None) -> str:
    if cached is None:
        return LOST
    return "" if report.document is not None and cached == report_text(report.document) else ANOTHER


def _hash(report: PremarketReport) -> str:
    return hashlib.sha256(report_text(report.document or {}).encode()).hexdigest()


def _tell_of_cache(session: Session, report: PremarketReport, wrong: str, alert: Alert, now: datetime) -> None:
    subject = f"{report.market} {report.session_date}"
    detail = f"{wrong}: it was put there again from the database; look why Redis forgets (memory, restarts, FLUSHALL)"
    alert(session, Condition("premarket_cache_miss", subject, detail), now)


def _end(stores: Stores, row: PremarketStage, reasons: list[str], alert: Alert, *, failed: bool = False) -> None:
    # With the verdict, which nobody looks at again once the last stage has ended.
    key, now = key_of(row), stores.clock.now()
    with stores.sessions.begin() as session:
        if failed:
            fail_stage(session, key, now, reasons, alert)
        else:
            detail = {**row.detail, GRAVITY: dict.fromkeys(reasons, int(Gravity.CACHE))}
            end_stage(session, key, now, "done", reasons=reasons, detail=detail)
            if not reasons:
                note_verified(session, key.market, key.day, now)
        judged, is_new = settle_verdict(session, key.market, key.day, now)
    if is_new:
        say_verdict(key.market, key.day, judged)
