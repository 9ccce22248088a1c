"""What the ladder of a day asks for at an instant: decided from its rungs and from what is recorded of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from app.premarket.definition import AHEAD, Climb, Stage, StageKey
from app.premarket.rows import ENDED

# Of the report's time, for putting it together from what there is when its own analysis takes too long.
PUTTING_TOGETHER: Final = timedelta(minutes=1)
BEFORE_REPORT: Final = AHEAD[:-1]


@dataclass(frozen=True)
class Standing:
    """A stage as it is recorded; once it is prepared, `waiting` counts its analyses that are not finished."""

    stage: Stage
    planned_at: datetime
    deadline_at: datetime
    status: str
    is_prepared: bool = False
    waiting: int = 0


@dataclass(frozen=True)
class PlanClimb:
    """The ladder of a day lies ahead, and is not recorded so."""

    climb: Climb


@dataclass(frozen=True)
class SkipStage:
    """There is no sense in a stage any more."""

    key: StageKey
    reason: str


@dataclass(frozen=True)
class PrepareStage:
    """A stage is due, or whoever prepared it did not come to the end of that."""

    key: StageKey


@dataclass(frozen=True)
class FinishStage:
    """The analyses of a stage are finished, or its time is over (`gave_up`)."""

    key: StageKey
    gave_up: bool = False


@dataclass(frozen=True)
class VerifyReport:
    """The market opens."""

    market: str
    day: date


@dataclass(frozen=True)
class JudgeClimb:
    """The verdict on a ladder may change, and the cache may have lost its report."""

    market: str
    day: date


LadderStep = PlanClimb | SkipStage | PrepareStage | FinishStage | VerifyReport | JudgeClimb


def plan_stages(
    market: str, day: date, stages: Sequence[Standing], opens_at: datetime, closes_at: datetime, now: datetime
) -> list[LadderStep]:
    """The steps for the stages of a day's ladder, in their order; none while nothing is due.

    One stage is worked at at a time, and one that cannot be ended when its time is over holds up no other. Analyses
    that are not finished when the next stage is due are given up, those of the report a minute before its end; until
    the open it is prepared all the same, for a late one is better than none. A stage that nobody saw to before the next
    one was due is skipped, since that one finds what it would have; the report is skipped once the market has opened,
    which then is verified and judged.
    """
    steps = list(_steps(market, day, stages, opens_at, closes_at, now))
    report = next((one for one in stages if one.stage == "report"), None)
    if report is not None and now >= report.planned_at and any(one.status not in ENDED for one in stages):
        steps.append(JudgeClimb(market, day))
    return steps


def _steps(
    market: str, day: date, stages: Sequence[Standing], opens_at: datetime, closes_at: datetime, now: datetime
) -> Iterator[LadderStep]:
    for place, one in enumerate(stages):
        key = StageKey(market, day, one.stage)
        if one.status in ENDED:
            continue
        if one.planned_at > now:
            return
        if one.status == "planned" and (reason := _senseless(one, stages[place + 1 :], opens_at, closes_at, now)):
            yield SkipStage(key, reason)
            continue
        yield from _at_work(key, one, opens_at, now)
        is_left = one.stage in BEFORE_REPORT and one.status == "started"
        if not (is_left and now >= ends_at(one.stage, one.deadline_at, opens_at)):
            return


def ends_at(stage: Stage, deadline_at: datetime, opens_at: datetime) -> datetime:
    """From when on analyses of a stage that are not finished are given up."""
    return min(deadline_at - (PUTTING_TOGETHER if stage == "report" else timedelta(0)), opens_at)


def _at_work(key: StageKey, one: Standing, opens_at: datetime, now: datetime) -> Iterator[LadderStep]:
    is_over = now >= ends_at(one.stage, one.deadline_at, opens_at)
    if one.stage == "verify":
        yield VerifyReport(key.market, key.day)
    elif one.is_prepared and not one.waiting:
        yield FinishStage(key)
    elif is_over and (one.stage == "report" or one.status == "started"):
        # What was analysed before makes a report also where nobody prepares its own analysis.
        yield FinishStage(key, gave_up=True)
        if one.stage == "report" and not one.is_prepared and now < opens_at:
            yield PrepareStage(key)
    elif not one.is_prepared:
        yield PrepareStage(key)


def _senseless(one: Standing, later: Sequence[Standing], opens_at: datetime, closes_at: datetime, now: datetime) -> str:
    if one.stage == "verify":
        return "nobody saw to it until the session was over" if now >= closes_at else ""
    if now >= opens_at:
        return "nobody saw to it before the open"
    due = [other.stage for other in later if other.stage in AHEAD and other.planned_at <= now]
    return f"nobody saw to it before {due[0]} was due, which finds what it would have" if due else ""
