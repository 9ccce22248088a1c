from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.premarket.definition import STAGES, Climb, Ladder, Stage, climb_on
from app.premarket.models import PremarketStage
from app.premarket.reports import find_report, keep_report
from app.premarket.rows import (
    PREPARED,
    end_stage,
    find_stage,
    key_of,
    note_stage,
    plan_climb,
    stage_named,
    stages_of,
    start_stage,
    unfinished_days,
)
from tests.hours import MARKETS, TICK
from tests.ladders import DAY, MARKET, MINUTE, OPENS_AT, key

NOW = OPENS_AT - 175 * MINUTE
FIRST: Stage = "comprehensive"


def test_a_ladder_is_recorded_once_with_its_stages_in_order(db_session: Session) -> None:
    assert [plan_climb(db_session, climb()) for _ in range(2)] == [True, False]

    rows = stages_of(db_session, MARKET, DAY)
    assert [(row.stage, row.status) for row in rows] == [(stage, "planned") for stage in STAGES]
    assert [(row.planned_at, row.deadline_at) for row in rows] == [tuple(rung[1:]) for rung in climb().rungs]
    report = find_report(db_session, MARKET, DAY)
    assert report is not None and (report.opens_at, report.verdict, report.reasons) == (OPENS_AT, None, [])
    assert [key_of(row) for row in rows] == [key(stage) for stage in STAGES]


def test_what_has_not_begun_follows_the_calendar_and_the_rest_stays(db_session: Session) -> None:
    plan_climb(db_session, climb())
    start_stage(db_session, key(FIRST), NOW, NOW)
    moved = shifted(climb(), timedelta(minutes=30))

    assert not plan_climb(db_session, moved)

    rows = stages_of(db_session, MARKET, DAY)
    assert [row.planned_at for row in rows] == [
        climb().rungs[0].planned_at,
        *(rung.planned_at for rung in moved.rungs[1:]),
    ]
    assert find_report(db_session, MARKET, DAY).opens_at == moved.opens_at


def test_a_deadline_that_moved_alone_is_followed(db_session: Session) -> None:
    plan_climb(db_session, climb())
    rungs = [rung._replace(deadline_at=rung.deadline_at + TICK) for rung in climb().rungs]

    plan_climb(db_session, replace(climb(), rungs=rungs))

    assert [row.deadline_at for row in stages_of(db_session, MARKET, DAY)] == [rung.deadline_at for rung in rungs]


def test_the_open_of_a_report_that_is_made_stays(db_session: Session) -> None:
    plan_climb(db_session, climb())
    keep_report(db_session, MARKET, DAY, {"a": 1}, job_id=None, asof=NOW, now=NOW)

    plan_climb(db_session, shifted(climb(), timedelta(minutes=30)))

    assert find_report(db_session, MARKET, DAY).opens_at == OPENS_AT


def test_a_stage_begins_once_and_its_asof_holds_for_good(planned: Session) -> None:
    later = NOW + MINUTE

    assert [start_stage(planned, key(FIRST), at, at) for at in (NOW, later)] == [True, False]
    assert (row_of(planned).status, row_of(planned).asof, row_of(planned).started_at) == ("started", NOW, NOW)


def test_what_is_known_of_a_stage_is_kept_while_it_is_worked_at(planned: Session) -> None:
    assert not note_stage(planned, key(FIRST), jobs={"ES": 1})
    start_stage(planned, key(FIRST), NOW, NOW)
    assert note_stage(planned, key(FIRST), jobs={"ES": 1}, reasons=["a"], detail={PREPARED: "now"})
    assert note_stage(planned, key(FIRST), reasons=["b"])

    assert (row_of(planned).jobs, row_of(planned).reasons, row_of(planned).detail) == (
        {"ES": 1},
        ["b"],
        {PREPARED: "now"},
    )

    end_stage(planned, key(FIRST), NOW, "done")
    assert not note_stage(planned, key(FIRST), reasons=["c"])


@pytest.mark.parametrize(
    ("after", "status", "late_s"), [(timedelta(0), "done", 0), (TICK, "late", 1), (90 * MINUTE, "late", 5_400)]
)
def test_a_stage_is_done_until_its_deadline_and_late_from_then_on(
    planned: Session, after: timedelta, status: str, late_s: int
) -> None:
    start_stage(planned, key(FIRST), NOW, NOW)
    deadline_at = row_of(planned).deadline_at

    assert end_stage(planned, key(FIRST), deadline_at + after, "done")

    assert (row_of(planned).status, row_of(planned).late_s) == (status, late_s)


@pytest.mark.parametrize("ending", ["done", "failed", "skipped"])
def test_a_stage_ends_once_and_keeps_what_it_ended_with(planned: Session, ending: Any) -> None:
    if ending != "skipped":
        start_stage(planned, key(FIRST), NOW, NOW)

    assert end_stage(planned, key(FIRST), NOW, ending, reasons=["it is so"], detail={"a": 1})
    assert not end_stage(planned, key(FIRST), NOW + MINUTE, "failed", reasons=["else"])
    assert not end_stage(planned, key(FIRST), NOW + MINUTE, "skipped", reasons=["else"])
    assert not start_stage(planned, key(FIRST), NOW, NOW)

    row = row_of(planned)
    assert (row.status, row.done_at, row.reasons, row.detail) == (ending, NOW, ["it is so"], {"a": 1})


def test_only_what_has_not_begun_is_skipped_and_only_what_has_is_done_or_fails(planned: Session) -> None:
    assert not end_stage(planned, key(FIRST), NOW, "done")
    assert not end_stage(planned, key(FIRST), NOW, "failed", reasons=["a"])
    start_stage(planned, key(FIRST), NOW, NOW)
    assert not end_stage(planned, key(FIRST), NOW, "skipped", reasons=["a"])
    assert row_of(planned).status == "started"


def test_days_are_unfinished_until_all_their_stages_have_ended(planned: Session) -> None:
    next_day = climb_on(Ladder(MARKET), MARKETS.named(MARKET), DAY + timedelta(days=1))
    assert next_day is not None
    plan_climb(planned, next_day)
    for stage in STAGES[:-1]:
        end_stage(planned, key(stage), NOW, "skipped", reasons=["a"])
    assert unfinished_days(planned) == [(MARKET, DAY), (MARKET, next_day.day)]

    end_stage(planned, key("verify"), NOW, "skipped", reasons=["a"])

    assert unfinished_days(planned) == [(MARKET, next_day.day)]


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"stage": "lunch"}, "stage"),
        ({"status": "over", "asof": NOW}, "status"),
        ({"status": "started"}, "asof_once_begun"),
        ({"status": "done", "asof": NOW}, "done_at_the_end"),
        ({"done_at": NOW}, "done_at_the_end"),
        ({"status": "skipped", "done_at": NOW}, "ended_with_reason"),
        ({"status": "failed", "done_at": NOW, "asof": NOW}, "ended_with_reason"),
        ({"deadline_at": NOW - timedelta(days=1)}, "deadline"),
    ],
)
def test_the_database_refuses_stages_that_cannot_be(planned: Session, values: dict[str, Any], constraint: str) -> None:
    own = update(PremarketStage).where(PremarketStage.session_date == DAY, PremarketStage.stage == FIRST)

    with pytest.raises(IntegrityError, match=f"ck_premarket_stages_{constraint}"):
        planned.execute(own.values(values))


def test_a_stage_that_was_never_planned_is_none_and_has_no_name(db_session: Session) -> None:
    assert find_stage(db_session, key(FIRST)) is None
    assert stages_of(db_session, MARKET, DAY) == []
    with pytest.raises(ValueError, match="'lunch' is no stage"):
        stage_named("lunch")


@pytest.fixture
def planned(db_session: Session) -> Session:
    plan_climb(db_session, climb())
    return db_session


def row_of(session: Session) -> PremarketStage:
    row = find_stage(session, key(FIRST))
    assert row is not None
    return row


def climb(day: date = DAY) -> Climb:
    found = climb_on(Ladder(MARKET), MARKETS.named(MARKET), day)
    assert found is not None
    return found


def shifted(one: Climb, by: timedelta) -> Climb:
    rungs = [rung._replace(planned_at=rung.planned_at + by, deadline_at=rung.deadline_at + by) for rung in one.rungs]
    return replace(one, opens_at=one.opens_at + by, rungs=rungs)
