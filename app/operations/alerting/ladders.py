"""Rules of the ladder before an open: that it is late, that data are missing, and what it came to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from app.alerts.rules import Condition, Severity
from app.desk.markets import automated_markets
from app.operations.alerting.policy import AlertPolicy
from app.operations.premarket.remarks import left_out_lines
from app.premarket.definition import next_climb
from app.premarket.models import PremarketReport, PremarketStage
from app.premarket.rows import stages_of
from app.stores import Stores

# The stages whose lateness somebody has to know of: there is an analysis, and there is a report.
WATCHED: Final = ("composite", "report")
MISSING: Final = "missing"
LEFT_OUT: Final = "left_out"
SHOWN: Final = 5
# Between the first stage and the close of the longest session, one that goes on over a holiday.
_AHEAD: Final = timedelta(hours=24)
_BEHIND: Final = timedelta(days=4)
_STANDS: Final = {
    "planned": "it has not begun",
    "started": "it is worked at",
    "failed": "it failed",
    "skipped": "it was skipped",
}
_SEVERITY: Final[dict[str, Severity]] = {"DEGRADED": "warning", "LATE": "warning", "MISSING": "critical"}


@dataclass(frozen=True)
class Climbing:
    """A ladder whose session is not over, as it is recorded."""

    report: PremarketReport
    stages: Sequence[PremarketStage]

    @property
    def subject(self) -> str:
        """What it is called among alerts."""
        return f"{self.report.market} {self.report.session_date}"


def present_ladders(stores: Stores, session: Session, now: datetime) -> list[Climbing]:
    """The ladders of automated markets that are recorded and whose session is not over at `now`, by market and day."""
    near = PremarketReport.opens_at.between(now - _BEHIND, now + _AHEAD)
    order = PremarketReport.market, PremarketReport.session_date
    query = select(PremarketReport).where(near, PremarketReport.market.in_(automated_markets(session)))
    # Nobody reads the document here, which is large.
    found = session.scalars(query.order_by(*order).options(defer(PremarketReport.document, raiseload=True)))
    present = [row for row in found if now < _ends_at(stores, row)]
    return [Climbing(row, stages_of(session, row.market, row.session_date)) for row in present]


def find_late(stores: Stores, policy: AlertPolicy, now: datetime) -> Sequence[Condition]:
    """Stages that are not done at their deadline, of ladders that are recorded and of those that should be.

    A composite is not missed any more once there is a report, or that is late too, nor a report of which the verdict
    says that it is missing.
    """
    with stores.sessions() as session:
        recorded = [late_stage(ladder, now) for ladder in present_ladders(stores, session, now)]
        return [*filter(None, recorded), *_unplanned(stores, policy, session, now)]


def find_missing_data(stores: Stores, _policy: AlertPolicy, now: datetime) -> Sequence[Condition]:
    """Ladders whose newest stage that is prepared had to do without something.

    A stage tells it in its detail: `missing` are lines for a person, `left_out` the reasons by symbol.
    """
    with stores.sessions() as session:
        found = ((ladder, missing_lines(ladder.stages)) for ladder in present_ladders(stores, session, now))
        return [_lacking(ladder, lines) for ladder, lines in found if lines]


def find_verdicts(stores: Stores, _policy: AlertPolicy, now: datetime) -> Sequence[Condition]:
    """Ladders whose report came late, is to be used with care, or is not there at the open: before that it is late."""
    with stores.sessions() as session:
        ladders = present_ladders(stores, session, now)
    told = [one for one in ladders if one.report.verdict != "LATE" or one.report.made_at is not None]
    return [_judged(one) for one in told if one.report.verdict in _SEVERITY]


def late_stage(ladder: Climbing, now: datetime) -> Condition | None:
    """The last stage of a ladder that was to be done by now and is not; None where it does not matter, or is told."""
    report = ladder.report
    # It is skipped before the open where the calendar has no such open any more.
    is_void = any(row.stage == "verify" and row.status == "skipped" for row in ladder.stages)
    if is_void or report.made_at is not None or report.verdict == "MISSING":
        return None
    due = (row for row in ladder.stages if row.stage in WATCHED and now > row.deadline_at)
    late = [row for row in due if row.status not in ("done", "late")]
    if not late:
        return None
    row = late[-1]
    why = ": ".join(filter(None, (_STANDS[row.status], "; ".join(row.reasons[:SHOWN]))))
    return _late(ladder.subject, row.stage, row.deadline_at, report.opens_at, now, why)


def missing_lines(stages: Sequence[PremarketStage]) -> list[str]:
    """What the newest stage that is prepared had to do without, in lines for a person."""
    prepared = [row.detail for row in stages if MISSING in row.detail]
    if not prepared:
        return []
    return [*left_out_lines(prepared[-1].get(LEFT_OUT, {})), *map(str, prepared[-1][MISSING])]


def _ends_at(stores: Stores, row: PremarketReport) -> datetime:
    hours = stores.markets.named(row.market).session(row.session_date)
    # A day that the calendar has lost since is over with its open.
    return hours.close if hours is not None else row.opens_at


def _unplanned(stores: Stores, policy: AlertPolicy, session: Session, now: datetime) -> Iterator[Condition]:
    automated = automated_markets(session)
    for ladder in policy.premarket.ladders:
        climb = next_climb(ladder, stores.markets.named(ladder.market), now) if ladder.market in automated else None
        if climb is None:
            continue
        known = {row.stage for row in stages_of(session, climb.market, climb.day)}
        watched = (rung for rung in climb.rungs if rung.stage in WATCHED and rung.stage not in known)
        for rung in [one for one in watched if now > one.deadline_at][-1:]:
            subject = f"{climb.market} {climb.day}"
            yield _late(subject, rung.stage, rung.deadline_at, climb.opens_at, now, "it was never planned")


def _late(subject: str, stage: str, deadline_at: datetime, opens_at: datetime, now: datetime, why: str) -> Condition:
    since, opens = f"{deadline_at:%H:%M:%S} UTC", f"{opens_at:%H:%M} UTC"
    detail = f"{stage} for the open of {subject} at {opens} is late since {since}, {why}: see `flask premarket status`"
    late_s = round((now - deadline_at).total_seconds())
    facts = {"stage": stage, "deadline_at": deadline_at.isoformat(), "late_s": late_s}
    return Condition("premarket_late", f"{subject} {stage}", detail, facts=facts)


def _lacking(ladder: Climbing, lines: Sequence[str]) -> Condition:
    more = f"; and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    detail = f"{ladder.subject}: {'; '.join(lines[:SHOWN])}{more}"
    return Condition("premarket_missing_data", ladder.subject, detail, facts={MISSING: list(lines)})


def _judged(ladder: Climbing) -> Condition:
    row, verdict = ladder.report, str(ladder.report.verdict)
    detail = f"the report for the open of {ladder.subject} is {verdict}: {'; '.join(row.reasons[:SHOWN])}"
    facts = {"verdict": verdict, "reasons": list(row.reasons)}
    return Condition("premarket_verdict", ladder.subject, detail, _SEVERITY[verdict], facts)
