"""What is left to do at a day's ladder when it is worked by hand: decided before anything is done."""

from dataclasses import dataclass
from datetime import date, datetime

from app.clock import brief_text
from app.errors import Conflict, NotFound, Rejected
from app.market.market import Market
from app.operations.premarket.ladder_plan import JudgeClimb, VerifyReport
from app.operations.premarket.looking import absence_of
from app.operations.premarket.policy import PremarketPolicy
from app.premarket.definition import AHEAD, Climb, Ladder, StageKey, climb_on, next_climb
from app.premarket.models import PremarketStage
from app.premarket.reports import find_report
from app.premarket.rows import ENDED, stages_of
from app.stores import Stores


@dataclass(frozen=True)
class WorkStage:
    """Prepare a stage with the knowledge of `asof` (None: of the instant at which it begins), run its analyses, and
    finish it."""

    key: StageKey
    asof: datetime | None


HandStep = WorkStage | VerifyReport | JudgeClimb


@dataclass(frozen=True)
class HandPlan:
    """The ladder of a day, and what is left to do at it."""

    climb: Climb
    steps: tuple[HandStep, ...]


def plan_by_hand(stores: Stores, policy: PremarketPolicy, market: str, day: date | None = None) -> HandPlan:
    """What there is left to do at the ladder of a day, by default of the one that began last; nothing is changed.

    Stages of a day whose open has passed see what was known when they were planned. NotFound, with the reason, for a
    day without a ladder, Rejected for one that has not begun, Conflict when the report is made or all has ended.
    """
    climb, now = _climb(stores, policy, market, day), stores.clock.now()
    with stores.sessions() as session:
        report, rows = find_report(session, market, climb.day), stages_of(session, market, climb.day)
    if report is not None and report.made_at is not None:
        advice = f"see `flask premarket report --date={climb.day} --market={market}`"
        raise Conflict(f"the report of {climb.day} is made, at {brief_text(report.made_at)}: {advice}")
    ended = {row.stage for row in rows if row.status in ENDED}
    if "report" in ended:
        raise Conflict(f"the ladder of {climb.day} is over without a report, and is not worked again: {_why(rows)}")
    is_past = climb.opens_at <= now
    planned = {rung.stage: rung.planned_at for rung in climb.rungs}
    work = [
        WorkStage(StageKey(market, climb.day, stage), planned[stage] if is_past else None)
        for stage in AHEAD if stage not in ended
    ]  # fmt: skip
    verify = [VerifyReport(market, climb.day)] if is_past and "verify" not in ended else []
    return HandPlan(climb, (*work, *verify, JudgeClimb(market, climb.day)))


def describe_steps(plan: HandPlan) -> list[str]:
    """A plan in words, a line for each step."""
    return [_said(step) for step in plan.steps]


def _climb(stores: Stores, policy: PremarketPolicy, market: str, day: date | None) -> Climb:
    ladder, calendar, now = policy.ladder_of(market), stores.markets.named(market), stores.clock.now()
    if ladder is None:
        raise NotFound(absence_of(stores, policy, market, day))
    found = climb_on(ladder, calendar, day) if day is not None else _begun_last(ladder, calendar, now)
    if found is None:
        raise NotFound(absence_of(stores, policy, market, day))
    if (begins := _begins(found, calendar)) > now:
        raise Rejected(f"the ladder of {found.day} cannot be worked before {brief_text(begins)}: name a day before it")
    return found


def _begun_last(ladder: Ladder, calendar: Market, now: datetime) -> Climb | None:
    coming = next_climb(ladder, calendar, now)
    if coming is not None and _begins(coming, calendar) <= now:
        return coming
    days = [hours.day for hours in reversed(calendar.last_completed(now, 10))]
    climbs = (climb_on(ladder, calendar, day) for day in (calendar.session_of(now), *days))
    return next((climb for climb in climbs if climb is not None and climb.opens_at <= now), None)


def _begins(climb: Climb, calendar: Market) -> datetime:
    # Before its session there is nothing of the day to be known.
    hours = calendar.session(climb.day)
    first = climb.rungs[0].planned_at
    return first if hours is None else min(first, hours.open)


def _why(rows: list[PremarketStage]) -> str:
    told = [f"{row.stage} {row.status}: {'; '.join(row.reasons)}" for row in rows if row.reasons]
    return ", ".join(told) or "its stages have ended"


def _said(step: HandStep) -> str:
    match step:
        case WorkStage(key, asof):
            known = "what is known then" if asof is None else f"what was known at {brief_text(asof)}"
            return f"{key.stage}: export what is missing, ask for the analyses with {known}, run and finish them"
        case VerifyReport():
            return "verify: compare the report in the cache with the one in the database"
        case JudgeClimb():
            return "judge: decide on the verdict"
