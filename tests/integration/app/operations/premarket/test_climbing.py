from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from app.bus import keys
from app.market.markets import LIMITS, Markets
from app.market.overrides import parse_overrides
from app.operations.premarket import climbing
from app.operations.premarket.climbing import NO_OPEN, PREPARE_AGAIN_S, do_ladder_step, ladder_steps
from app.operations.premarket.ladder_plan import (
    FinishStage,
    JudgeClimb,
    LadderStep,
    PlanClimb,
    PrepareStage,
    SkipStage,
    VerifyReport,
)
from app.operations.tick import market_tick
from app.operations.tick_steps import TickPolicy
from app.premarket.definition import STAGES, Ladder
from app.premarket.rows import stages_of, unfinished_days
from app.runtime import Runtime
from tests.desk_days import watch_only
from tests.fakes import FixedClock, RecordingDispatch
from tests.ladders import (
    CLOSES_AT,
    DAY,
    MARKET,
    MINUTE,
    OPENS_AT,
    POLICY,
    at_work,
    done,
    done_job,
    finish_job,
    job,
    key,
    report_row,
    stage_row,
)

TICK = TickPolicy(partitions_ahead_days=2, resume_window_s=900, premarket=POLICY)
LADDER_STEPS = PlanClimb | SkipStage | PrepareStage | FinishStage | VerifyReport | JudgeClimb


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(OPENS_AT - 300 * MINUTE)


@pytest.fixture
def stores(rt: Runtime) -> Runtime:
    watch_only(rt, "ES")
    return rt


def test_the_ladder_that_lies_ahead_is_planned_once(stores: Runtime) -> None:
    assert [step.climb.day for step in ticked(stores) if isinstance(step, PlanClimb)] == [DAY]

    assert ticked(stores) == []
    assert [row.stage for row in rows(stores, DAY)] == list(STAGES)


def test_a_ladder_that_the_calendar_moved_is_planned_anew_where_it_has_not_begun(
    stores: Runtime, clock: FixedClock
) -> None:
    ticked(stores)
    sooner = replace(
        POLICY, ladders=[Ladder(MARKET, minutes_before={**POLICY.ladders[0].minutes_before, "report": 20})]
    )

    for step in ladder_steps(stores, sooner):
        do_ladder_step(stores, sooner, step)

    assert ladder_steps(stores, sooner) == []
    assert stage_row(stores, "report").planned_at == OPENS_AT - 20 * MINUTE
    assert stage_row(stores, "composite").deadline_at == OPENS_AT - 20 * MINUTE


@pytest.mark.parametrize("markets", ["CME_Futures, US_Equity", "US_Equity"])
def test_a_ladder_whose_open_the_calendar_has_lost_is_skipped_and_misses_no_report(
    stores: Runtime, clock: FixedClock, markets: str
) -> None:
    ticked(stores)
    clock.advance(120 * MINUTE)
    at_work(stores, "comprehensive", {"*": done_job(stores)})
    mourning = f"overrides: [{{markets: [{markets}], date: {DAY}, closed: true, name: Mourning}}]"
    changed = replace(stores, markets=Markets(clock=clock, overrides=lambda: parse_overrides(mourning, LIMITS)))

    ticked(changed)
    clock.advance(OPENS_AT - clock.now())
    ticked(changed)

    begun, *others = rows(changed, DAY)
    assert (begun.stage, begun.status) == ("comprehensive", "done")
    assert {(row.status, *row.reasons) for row in others} == {("skipped", NO_OPEN)}
    assert (report_row(changed).verdict, report_row(changed).reasons) == (None, [])


def test_a_market_that_nobody_automates_has_no_ladder(stores: Runtime) -> None:
    with stores.sessions.begin() as session:
        session.execute(text("UPDATE markets SET automated = false"))

    assert ladder_steps(stores, POLICY) == []


def test_a_stage_that_is_due_is_asked_for_and_not_again_at_once(
    stores: Runtime, clock: FixedClock, dispatch: RecordingDispatch
) -> None:
    ticked(stores)
    clock.advance(120 * MINUTE)

    ticked(stores), ticked(stores)

    assert dispatch.sent == [("prepare_stage", MARKET, DAY, "comprehensive")]
    asked = keys.stage_asked(MARKET, DAY, "comprehensive")
    assert 0 < stores.redis.ttl(asked) <= PREPARE_AGAIN_S
    stores.redis.delete(asked)
    ticked(stores)
    assert len(dispatch.sent) == 2


def test_a_day_from_the_first_stage_to_the_verified_report(
    stores: Runtime, clock: FixedClock, dispatch: RecordingDispatch
) -> None:
    ticked(stores)
    while clock.now() <= OPENS_AT:
        for sent in dispatch.sent:
            if sent[0] == "prepare_stage":
                at_work(stores, sent[3], {"*": done_job(stores)})
        dispatch.sent.clear()
        ticked(stores)
        clock.advance(5 * MINUTE)

    assert [(row.stage, row.status) for row in rows(stores, DAY)] == [(stage, "done") for stage in STAGES]
    assert (report_row(stores).verdict, report_row(stores).verified_at) == ("READY", OPENS_AT)
    assert [day for market, day in unfinished(stores)] == [date(2026, 3, 10)]


def test_a_stage_waits_for_its_analyses_and_is_finished_by_a_later_tick(stores: Runtime, clock: FixedClock) -> None:
    ticked(stores)
    clock.advance(121 * MINUTE)
    number = job(stores, "series", ["ES"])
    at_work(stores, "comprehensive", {"ES": number})

    assert ticked(stores) == []
    finish_job(stores, number)
    assert ticked(stores) == [FinishStage(key("comprehensive"))]
    assert stage_row(stores, "comprehensive").status == "done"


def test_a_beat_that_was_away_leaves_skipped_stages_and_a_degraded_report(stores: Runtime, clock: FixedClock) -> None:
    ticked(stores)
    clock.advance(260 * MINUTE)

    ticked(stores)
    at_work(stores, "composite", {"*": done_job(stores)})
    ticked(stores)
    clock.advance(11 * MINUTE)
    at_work(stores, "report", {"*": done_job(stores)})
    ticked(stores)

    assert [row.status for row in rows(stores, DAY)] == ["skipped", "skipped", "skipped", "done", "done", "planned"]
    assert report_row(stores).verdict == "DEGRADED"
    assert report_row(stores).reasons[0].startswith("comprehensive skipped: nobody saw to it")


def test_a_beat_that_was_away_until_the_session_was_over_leaves_a_day_that_is_missing(
    stores: Runtime, clock: FixedClock
) -> None:
    ticked(stores)
    clock.advance(CLOSES_AT - clock.now())

    ticked(stores)

    assert {row.status for row in rows(stores, DAY)} == {"skipped"}
    assert report_row(stores).verdict == "MISSING"


def test_a_kill_after_the_last_stage_was_skipped_leaves_no_day_without_a_verdict(
    stores: Runtime, clock: FixedClock
) -> None:
    ticked(stores)
    clock.advance(CLOSES_AT - clock.now())

    for step in ladder_steps(stores, POLICY):
        if isinstance(step, SkipStage):
            do_ladder_step(stores, POLICY, step)

    assert all(day != DAY for _market, day in unfinished(stores))
    assert report_row(stores).verdict == "MISSING"


def test_a_report_that_the_cache_lost_is_there_again_after_the_next_tick(
    stores: Runtime, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticked(stores)
    clock.advance(271 * MINUTE)
    done(stores)
    at_work(stores, "report", {"*": done_job(stores)})
    ticked(stores)
    told: list[date] = []
    keep = climbing.keep_cached

    def kept(stores: Runtime, market: str, day: date) -> bool:
        told.append(day)
        return keep(stores, market, day, alert=lambda *_told: None)

    monkeypatch.setattr(climbing, "keep_cached", kept)
    stores.redis.flushdb()
    clock.advance(MINUTE)

    ticked(stores)

    assert (told, stores.redis.exists(keys.premarket_report(MARKET, DAY))) == ([DAY], 1)


def test_the_tick_of_the_market_sees_to_the_ladder(
    stores: Runtime, clock: FixedClock, dispatch: RecordingDispatch
) -> None:
    steps = market_tick(stores, TICK)
    clock.advance(121 * MINUTE)
    later = market_tick(stores, TICK)

    assert [type(step) for step in steps if isinstance(step, LADDER_STEPS)] == [PlanClimb]
    assert [step for step in later if isinstance(step, LADDER_STEPS)] == [PrepareStage(key("comprehensive"))]
    assert ("prepare_stage", MARKET, DAY, "comprehensive") in dispatch.sent


def test_after_the_verification_the_next_day_is_planned(stores: Runtime, clock: FixedClock) -> None:
    ticked(stores)
    clock.advance(300 * MINUTE)

    planned = [step.climb.day for step in ticked(stores) if isinstance(step, PlanClimb)]

    assert planned == [DAY + timedelta(days=1)]


def ticked(stores: Runtime) -> Sequence[LadderStep]:
    steps = ladder_steps(stores, POLICY)
    for step in steps:
        if not isinstance(step, VerifyReport) or report_row(stores).made_at is not None:
            do_ladder_step(stores, POLICY, step)
    return steps


def rows(stores: Runtime, day: date) -> list:
    with stores.sessions() as session:
        return stages_of(session, MARKET, day)


def unfinished(stores: Runtime) -> list[tuple[str, date]]:
    with stores.sessions() as session:
        return unfinished_days(session)
