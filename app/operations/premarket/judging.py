"""The verdict on a ladder: whether what it came to can be used at the open."""

import logging
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.operations.premarket.remarks import RESTS_ON, remarks_of
from app.operations.premarket.verdict import ClimbFacts, Judged, StageFacts, decide_verdict
from app.premarket.models import PremarketReport, PremarketStage
from app.premarket.reports import Verdict, find_report, set_verdict
from app.premarket.rows import stage_named, stages_of
from app.stores import Stores

log = logging.getLogger(__name__)


def judge_climb(stores: Stores, market: str, day: date) -> Verdict | None:
    """Decide on a ladder's verdict with what is recorded of it by now, keep it with its reasons, and return it.

    READY: the report is there, in time, and nothing was amiss. DEGRADED: in time, and the reasons tell what to mind.
    LATE: not there by its deadline, or only after that. MISSING: not there at the open. None before it can be told.
    """
    with stores.sessions.begin() as session:
        judged, is_new = settle_verdict(session, market, day, stores.clock.now())
    if is_new:
        say_verdict(market, day, judged)
    return judged.verdict


def settle_verdict(session: Session, market: str, day: date, now: datetime) -> tuple[Judged, bool]:
    """Keep the verdict as of now, and whether it is another one than before; nothing of a day that was never planned.

    Whoever commits it then says it.
    """
    report = find_report(session, market, day)
    rows = stages_of(session, market, day)
    due_at = next((row.deadline_at for row in rows if row.stage == "report"), None)
    if report is None or due_at is None:
        return Judged(None), False
    judged = decide_verdict(_facts(report, rows, due_at), now)
    if judged.verdict is None:
        return judged, False
    return judged, set_verdict(session, market, day, judged.verdict, judged.reasons)


def say_verdict(market: str, day: date, judged: Judged) -> None:
    """Log a verdict that is new, loudly unless it is READY."""
    level = logging.INFO if judged.verdict == "READY" else logging.WARNING
    log.log(level, "%s on %s is %s%s", market, day, judged.verdict, "".join(f"\n  {one}" for one in judged.reasons))


def _facts(report: PremarketReport, rows: list[PremarketStage], due_at: datetime) -> ClimbFacts:
    stages = [
        StageFacts(stage_named(row.stage), row.status, row.late_s or 0, remarks_of(row.reasons, row.detail))
        for row in rows
    ]
    rests_on = next((row.detail.get(RESTS_ON) for row in rows if row.stage == "report"), None)
    return ClimbFacts(report.opens_at, due_at, report.made_at, stages, rests_on)
