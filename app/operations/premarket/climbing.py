"""Seeing to the ladders: what they ask for by the calendar and by what is recorded, and doing it."""

import logging
from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.bus import keys
from app.desk.markets import automated_markets
from app.jobs.models import AnalysisJob
from app.jobs.service import UNFINISHED
from app.operations.premarket.finishing import finish_stage
from app.operations.premarket.hand_lock import is_by_hand
from app.operations.premarket.judging import judge_climb, say_verdict, settle_verdict
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
from app.premarket.definition import Climb, StageKey, climb_on, next_climb
from app.premarket.models import PremarketStage
from app.premarket.reports import find_report
from app.premarket.rows import PREPARED, end_stage, plan_climb, stage_named, stages_of, unfinished_days
from app.stores import Stores

log = logging.getLogger(__name__)

# A worker that was killed in the middle of it forgets it: whoever comes after it is told within two ticks.
PREPARE_AGAIN_S: Final = 20
NO_OPEN: Final = "the calendar has no such open any more"


def ladder_steps(stores: Stores, policy: PremarketPolicy) -> list[LadderStep]:
    """What the ladders of automated markets ask for now; those of days that began are seen to their end.

    A ladder that somebody works by hand at this moment is left to them.
    """
    with stores.sessions() as session:
        automated = automated_markets(session)
        planned = [step for step in _plans(stores, policy, session) if step.climb.market in automated]
        days = [one for one in unfinished_days(session) if one[0] in automated and not is_by_hand(session, *one)]
        return [*planned, *(step for market, day in days for step in _of_day(stores, policy, session, market, day))]


def do_ladder_step(stores: Stores, policy: PremarketPolicy, step: LadderStep) -> None:
    """Do a step; errors as of what it does."""
    match step:
        case PlanClimb(climb):
            with stores.sessions.begin() as session:
                is_new = plan_climb(session, climb)
            log.info("%s on %s: the open of %s is %s", climb.market, climb.day, climb.opens_at, _said(is_new))
        case SkipStage(key, reason):
            _skip(stores, key, reason)
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


def _skip(stores: Stores, key: StageKey, reason: str) -> None:
    now = stores.clock.now()
    with stores.sessions.begin() as session:
        if not end_stage(session, key, now, "skipped", reasons=[reason]):
            return
        # With the last stage, since nobody looks at the day again once that has ended.
        judged, is_new = settle_verdict(session, key.market, key.day, now) if key.stage == "verify" else (None, False)
    log.warning("%s: %s of %s skipped: %s", key.market, key.stage, key.day, reason)
    if judged is not None and is_new:
        say_verdict(key.market, key.day, judged)


def _plans(stores: Stores, policy: PremarketPolicy, session: Session) -> Iterator[PlanClimb]:
    for ladder in policy.ladders:
        climb = next_climb(ladder, stores.markets.named(ladder.market), stores.clock.now())
        if climb is not None and not _is_planned(stages_of(session, climb.market, climb.day), climb):
            yield PlanClimb(climb)


def _is_planned(rows: list[PremarketStage], climb: Climb) -> bool:
    """Whether a climb is recorded as the calendar has it, apart from stages that have begun."""
    known = {row.stage: row for row in rows}
    return all(
        rung.stage in known and (known[rung.stage].status != "planned" or rung[1:] == _times(known[rung.stage]))
        for rung in climb.rungs
    )


def _times(row: PremarketStage) -> tuple[datetime, datetime]:
    return row.planned_at, row.deadline_at


def _of_day(stores: Stores, policy: PremarketPolicy, session: Session, market: str, day: date) -> Iterator[LadderStep]:
    calendar, report = stores.markets.named(market), find_report(session, market, day)
    if report is None:
        return
    stages, now = [_standing(session, row) for row in stages_of(session, market, day)], stores.clock.now()
    ladder, hours = policy.ladder_of(market), calendar.session(day)
    if ladder is not None and climb_on(ladder, calendar, day) is None:
        yield from (SkipStage(StageKey(market, day, one.stage), NO_OPEN) for one in stages if one.status == "planned")
        # What has begun ends as on any other day.
        stages = [one for one in stages if one.status != "planned"]
    closes_at = hours.close if hours is not None else report.opens_at
    yield from plan_stages(market, day, stages, report.opens_at, closes_at, now)


def _standing(session: Session, row: PremarketStage) -> Standing:
    waiting = 0
    if row.status == "started" and row.jobs:
        unfinished = AnalysisJob.id.in_(list(row.jobs.values())), AnalysisJob.status.in_(UNFINISHED)
        waiting = session.scalar(select(func.count()).select_from(AnalysisJob).where(*unfinished)) or 0
    is_prepared = PREPARED in row.detail
    return Standing(stage_named(row.stage), row.planned_at, row.deadline_at, row.status, is_prepared, waiting)


def _said(is_new: bool) -> str:
    return "prepared for" if is_new else "prepared for at another time"
