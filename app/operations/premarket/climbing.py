"""Seeing to the ladders: what they ask for by the calendar and by what is recorded, and doing it."""

import logging
from collections.abc import Iterator
from datetime import date
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.bus import keys
from app.desk.markets import automated_markets
from app.jobs.models import AnalysisJob
from app.jobs.service import UNFINISHED
from app.operations.premarket.finishing import finish_stage
from app.operations.premarket.hand_lock import is_by_hand
from app.operations.premarket.judging import judge_climb
from app.operations.premarket.ladder_plan import (
    FinishStage,
    JudgeClimb,
    LadderStep,
    PlanClimb,
    PrepareStage,
    SkipStage,
    Standing,
    VerifyReport,
    plan_stages,
)
from app.operations.premarket.policy import PremarketPolicy
from app.operations.premarket.verifying import keep_cached, verify_report
from app.premarket.definition import Climb, next_climb
from app.premarket.models import PremarketStage
from app.premarket.reports import find_report
from app.premarket.rows import end_stage, plan_climb, stage_named, stages_of, unfinished_days
from app.stores import Stores

log = logging.getLogger(__name__)

# A worker that was killed in the middle of it forgets it: whoever comes after it is told within two ticks.
PREPARE_AGAIN_S: Final = 20
PREPARED: Final = "prepared_at"


def ladder_steps(stores: Stores, policy: PremarketPolicy) -> list[LadderStep]:
    """What the ladders of automated markets ask for now; those of days that began are seen to their end.

    A ladder that somebody works by hand at this moment is left to them.
    """
    with stores.sessions() as session:
        automated = automated_markets(session)
        planned = [step for step in _plans(stores, policy, session) if step.climb.market in automated]
        days = [one for one in unfinished_days(session) if one[0] in automated and not is_by_hand(session, *one)]
        return [*planned, *(step for market, day in days for step in _of_day(stores, session, market, day))]


def do_ladder_step(stores: Stores, policy: PremarketPolicy, step: LadderStep) -> None:
    """Do a step; errors as of what it does."""
    match step:
        case PlanClimb(climb):
            with stores.sessions.begin() as session:
                is_new = plan_climb(session, climb)
            log.info("%s on %s: the open of %s is %s", climb.market, climb.day, climb.opens_at, _said(is_new))
        case SkipStage(key, reason):
            with stores.sessions.begin() as session:
                if end_stage(session, key, stores.clock.now(), "skipped", reasons=[reason]):
                    log.warning("%s: %s of %s skipped: %s", key.market, key.stage, key.day, reason)
        case PrepareStage(key):
            asked = keys.stage_asked(*key)
            if not stores.redis.exists(asked):
                stores.dispatch.prepare_stage(*key)
                stores.redis.set(asked, 1, ex=PREPARE_AGAIN_S)
        case FinishStage(key, gave_up):
            finish_stage(stores, policy, key, gave_up=gave_up)
        case VerifyReport(market, day):
            verify_report(stores, market, day)
        case JudgeClimb(market, day):
            judge_climb(stores, market, day)
            keep_cached(stores, market, day)


def _plans(stores: Stores, policy: PremarketPolicy, session: Session) -> Iterator[PlanClimb]:
    for ladder in policy.ladders:
        climb = next_climb(ladder, stores.markets.named(ladder.market), stores.clock.now())
        if climb is not None and not _is_planned(stages_of(session, climb.market, climb.day), climb):
            yield PlanClimb(climb)


def _is_planned(rows: list[PremarketStage], climb: Climb) -> bool:
    """Whether a climb is recorded as the calendar has it, apart from stages that have begun."""
    known = {row.stage: row for row in rows}
    return all(
        rung.stage in known
        and (known[rung.stage].status != "planned" or known[rung.stage].planned_at == rung.planned_at)
        for rung in climb.rungs
    )


def _of_day(stores: Stores, session: Session, market: str, day: date) -> list[LadderStep]:
    report, hours = find_report(session, market, day), stores.markets.named(market).session(day)
    rows, now = stages_of(session, market, day), stores.clock.now()
    if report is None:
        return []
    # A day that the calendar has lost since ends like any other.
    closes_at = hours.close if hours is not None else report.opens_at
    return plan_stages(market, day, [_standing(session, row) for row in rows], report.opens_at, closes_at, now)


def _standing(session: Session, row: PremarketStage) -> Standing:
    waiting = 0
    if row.status == "started" and row.jobs:
        unfinished = AnalysisJob.id.in_(list(row.jobs.values())), AnalysisJob.status.in_(UNFINISHED)
        waiting = session.scalar(select(func.count()).select_from(AnalysisJob).where(*unfinished)) or 0
    is_prepared = PREPARED in row.detail
    return Standing(stage_named(row.stage), row.planned_at, row.deadline_at, row.status, is_prepared, waiting)


def _said(is_new: bool) -> str:
    return "prepared for" if is_new else "prepared for at another time"
