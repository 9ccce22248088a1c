from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, strategies

from app.operations.premarket.ladder_plan import (
    FinishStage,
    JudgeClimb,
    LadderStep,
    PrepareStage,
    SkipStage,
    Standing,
    VerifyReport,
    plan_stages,
)
from app.premarket.definition import STAGES, Ladder, Stage, StageKey, climb_on
from app.premarket.rows import ENDED
from tests.hours import MARKETS, TICK

MARKET, DAY = "CME_Futures", date(2026, 3, 9)
CLIMB = climb_on(Ladder(MARKET), MARKETS.named(MARKET), DAY)
assert CLIMB is not None
OPENS_AT, CLOSES_AT = CLIMB.opens_at, MARKETS.named(MARKET).session(DAY).close
FRESH = tuple(Standing(stage, planned_at, deadline_at, "planned") for stage, planned_at, deadline_at in CLIMB.rungs)
MINUTE = timedelta(minutes=1)
JUDGE = JudgeClimb(MARKET, DAY)
LATE = "nobody saw to it before the open"


def test_nothing_is_done_until_the_first_stage_is_due() -> None:
    assert (plan(FRESH, 180 * MINUTE + TICK), plan(FRESH, 180 * MINUTE)) == ([], [prepare("comprehensive")])


def test_a_stage_is_prepared_until_it_is_and_then_waits_for_its_analyses() -> None:
    begun, asked = (with_(FRESH, "comprehensive", **told) for told in (STARTED, {**STARTED, **WAITING}))

    assert plan(begun, 170 * MINUTE) == [prepare("comprehensive")]
    assert plan(asked, 170 * MINUTE) == []


def test_a_stage_is_finished_once_no_analysis_waits() -> None:
    asked = with_(FRESH, "comprehensive", **STARTED, is_prepared=True)

    assert plan(asked, 170 * MINUTE) == [FinishStage(key("comprehensive"))]


@pytest.mark.parametrize("is_prepared", [False, True])
def test_a_stage_is_given_up_when_the_next_is_due_prepared_or_not(is_prepared: bool) -> None:
    at_work = with_(FRESH, "comprehensive", **STARTED, is_prepared=is_prepared, waiting=1 if is_prepared else 0)

    assert plan(at_work, 120 * MINUTE + TICK) == ([] if is_prepared else [prepare("comprehensive")])
    assert plan(at_work, 120 * MINUTE) == [FinishStage(key("comprehensive"), gave_up=True), prepare("patterns")]


def test_a_stage_that_cannot_be_ended_holds_up_neither_the_report_nor_the_open() -> None:
    stuck = with_(with_(FRESH, "patterns", **STARTED, is_prepared=True), "comprehensive", status="done")

    assert [step for step in plan(stuck, 30 * MINUTE) if not isinstance(step, SkipStage)] == [
        FinishStage(key("patterns")), prepare("report"), JUDGE,
    ]  # fmt: skip
    assert VerifyReport(MARKET, DAY) in plan(ended(stuck, "report"), timedelta(0))


def test_analyses_that_have_just_finished_are_not_given_up() -> None:
    finished = with_(FRESH, "comprehensive", **STARTED, is_prepared=True)

    assert plan(finished, 100 * MINUTE) == [FinishStage(key("comprehensive")), prepare("patterns")]


def test_the_next_stage_waits_until_the_one_before_has_ended() -> None:
    at_work = with_(FRESH, "comprehensive", **STARTED, **WAITING)

    assert all(
        step.key.stage == "comprehensive" for step in plan(at_work, 90 * MINUTE) if isinstance(step, FinishStage)
    )
    assert plan(ended(at_work, "comprehensive"), 120 * MINUTE) == [prepare("patterns")]


@pytest.mark.parametrize("status", ENDED)
def test_a_stage_that_has_ended_however_is_left_alone(status: str) -> None:
    assert plan(with_(FRESH, "comprehensive", status=status), 170 * MINUTE) == []


def test_a_beat_that_was_away_skips_what_the_next_stages_find_anyway() -> None:
    steps = plan(FRESH, 40 * MINUTE)

    assert steps == [
        skip("comprehensive", "nobody saw to it before patterns was due, which finds what it would have"),
        skip("patterns", "nobody saw to it before predictions was due, which finds what it would have"),
        skip("predictions", "nobody saw to it before composite was due, which finds what it would have"),
        prepare("composite"),
    ]


def test_a_beat_that_was_away_from_four_hours_to_forty_minutes_before_the_open_leaves_a_whole_report() -> None:
    stages, asked = FRESH, []
    for minutes in (*range(260, 239, -1), *range(40, -3, -1)):
        stages, steps = tick(stages, OPENS_AT - minutes * MINUTE)
        asked += [step.key.stage for step in steps if isinstance(step, PrepareStage)]

    assert asked == ["composite", "report"]
    assert [one.status for one in stages] == ["skipped", "skipped", "skipped", "done", "done", "done"]


def test_a_stage_is_skipped_from_the_instant_on_at_which_the_next_is_due() -> None:
    assert plan(FRESH, 120 * MINUTE + TICK) == [prepare("comprehensive")]
    assert [type(step) for step in plan(FRESH, 120 * MINUTE)] == [SkipStage, PrepareStage]


def test_the_report_is_judged_from_its_time_on_until_all_has_ended() -> None:
    before = ended(FRESH, *STAGES[:4])

    assert plan(before, 30 * MINUTE + TICK) == []
    assert plan(before, 30 * MINUTE) == [prepare("report"), JUDGE]
    assert plan(ended(before, "report"), 10 * MINUTE) == [JUDGE]
    assert plan(ended(before, "report", "verify"), -MINUTE) == []


def test_analyses_of_the_report_are_given_up_a_minute_before_its_end() -> None:
    at_work = with_(ended(FRESH, *STAGES[:4]), "report", **STARTED, **WAITING)

    assert plan(at_work, 26 * MINUTE + TICK) == [JUDGE]
    assert plan(at_work, 26 * MINUTE) == [FinishStage(key("report"), gave_up=True), JUDGE]


@pytest.mark.parametrize("status", ["planned", "started"])
def test_a_report_that_nobody_prepares_is_put_together_from_what_there_is_and_prepared_until_the_open(
    status: str,
) -> None:
    unprepared = with_(ended(FRESH, *STAGES[:4]), "report", status=status)

    assert plan(unprepared, 26 * MINUTE + TICK) == [prepare("report"), JUDGE]
    assert plan(unprepared, 26 * MINUTE) == [FinishStage(key("report"), gave_up=True), prepare("report"), JUDGE]


def test_at_the_open_a_report_that_has_begun_is_given_up_and_one_that_has_not_is_skipped() -> None:
    before = ended(FRESH, *STAGES[:4])

    assert plan(with_(before, "report", **STARTED), timedelta(0)) == [FinishStage(key("report"), gave_up=True), JUDGE]
    assert plan(before, timedelta(0)) == [skip("report", LATE), VerifyReport(MARKET, DAY), JUDGE]


def test_a_beat_that_was_away_until_after_the_open_skips_all_and_has_the_day_judged() -> None:
    steps = plan(FRESH, -MINUTE)

    assert steps == [*(skip(stage, LATE) for stage in STAGES[:5]), VerifyReport(MARKET, DAY), JUDGE]


@pytest.mark.parametrize("status", ["planned", "started"])
def test_the_report_is_verified_at_the_open_until_that_has_ended(status: str) -> None:
    before = with_(ended(FRESH, *STAGES[:5]), "verify", status=status)

    if status == "planned":
        assert plan(before, TICK) == [JUDGE]
    assert plan(before, timedelta(0)) == [VerifyReport(MARKET, DAY), JUDGE]


def test_a_verification_that_nobody_saw_to_until_the_session_was_over_is_skipped() -> None:
    before, closed = ended(FRESH, *STAGES[:5]), CLOSES_AT - OPENS_AT

    assert plan(before, -closed + TICK) == [VerifyReport(MARKET, DAY), JUDGE]
    assert plan(before, -closed) == [skip("verify", "nobody saw to it until the session was over"), JUDGE]


ticks = strategies.lists(
    strategies.tuples(strategies.integers(-500, 250), strategies.booleans(), strategies.booleans()), max_size=40
)


@given(ticks)
def test_whenever_ticks_come_stages_go_in_order_each_once_and_all_have_ended_by_the_close(
    told: list[tuple[int, bool, bool]],
) -> None:
    stages, begun = FRESH, []
    for minutes, is_worked_at, is_finished in sorted(told):
        now = OPENS_AT + minutes * MINUTE
        stages, steps = tick(stages, now, prepares=is_worked_at, finishes=is_finished)
        for step in steps:
            if isinstance(step, PrepareStage) and is_worked_at and step.key.stage not in begun:
                begun.append(step.key.stage)
            if isinstance(step, PrepareStage | FinishStage | SkipStage):
                one = next(one for one in FRESH if one.stage == step.key.stage)
                assert one.planned_at <= now
    # At the close and just after, since a stage that is given up leaves the next to the next tick.
    for _ in range(len(STAGES)):
        stages, _steps = tick(stages, CLOSES_AT)

    assert begun == sorted(begun, key=STAGES.index)
    assert all(one.status in ENDED for one in stages)
    assert plan_stages(MARKET, DAY, stages, OPENS_AT, CLOSES_AT, CLOSES_AT) == []


STARTED = {"status": "started"}
WAITING = {"is_prepared": True, "waiting": 2}
Standings = tuple[Standing, ...]


def plan(stages: Standings, before: timedelta) -> list[LadderStep]:
    return plan_stages(MARKET, DAY, stages, OPENS_AT, CLOSES_AT, OPENS_AT - before)


def tick(
    stages: Standings, now: datetime, *, prepares: bool = True, finishes: bool = True
) -> tuple[Standings, list[LadderStep]]:
    """What one tick asks for, and the stages once it is done: analyses that were asked for have finished, or not."""
    steps = plan_stages(MARKET, DAY, stages, OPENS_AT, CLOSES_AT, now)
    for step in steps:
        match step:
            case SkipStage(one, _):
                assert status_of(stages, one.stage) == "planned"
                stages = with_(stages, one.stage, status="skipped")
            case PrepareStage(one) if prepares and status_of(stages, one.stage) not in ENDED:
                stages = with_(stages, one.stage, status="started", is_prepared=True, waiting=0 if finishes else 1)
            case FinishStage(one, gave_up):
                is_whole = next(other for other in stages if other.stage == one.stage).is_prepared
                assert gave_up or is_whole
                stages = with_(stages, one.stage, status="done" if is_whole else "failed")
            case VerifyReport():
                stages = with_(stages, "verify", status="done")
    if finishes:
        stages = tuple(replace(one, waiting=0) for one in stages)
    return stages, steps


def status_of(stages: Standings, stage: Stage) -> str:
    return next(one.status for one in stages if one.stage == stage)


def with_(stages: Standings, stage: Stage, **told: object) -> Standings:
    return tuple(replace(one, **told) if one.stage == stage else one for one in stages)


def ended(stages: Standings, *named: Stage) -> Standings:
    return tuple(replace(one, status="done") if one.stage in named else one for one in stages)


def key(stage: Stage) -> StageKey:
    return StageKey(MARKET, DAY, stage)


def prepare(stage: Stage) -> PrepareStage:
    return PrepareStage(key(stage))


def skip(stage: Stage, reason: str) -> SkipStage:
    return SkipStage(key(stage), reason)
