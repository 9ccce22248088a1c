from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, strategies

from app.premarket.definition import AFTER_CLOSE, STAGES, Climb, Ladder, climb_on, next_climb
from tests.hours import MARKETS, TICK, at, days

CME = MARKETS.named("CME_Futures")
LADDER = Ladder("CME_Futures")
MONDAY = date(2026, 3, 9)


def test_the_stages_lead_up_to_the_cash_open_and_each_is_due_when_the_next_begins() -> None:
    climb = on(date(2026, 3, 6))

    assert [(rung.stage, f"{rung.planned_at:%H:%M}", f"{rung.deadline_at:%H:%M}") for rung in climb.rungs] == [
        ("comprehensive", "11:30", "12:30"),
        ("patterns", "12:30", "13:00"),
        ("predictions", "13:00", "13:30"),
        ("composite", "13:30", "14:00"),
        ("report", "14:00", "14:05"),
        ("verify", "14:30", "14:32"),
    ]


def test_half_past_eight_in_chicago_is_an_hour_earlier_in_utc_once_summer_time_begins() -> None:
    friday, monday = on(date(2026, 3, 6)), on(MONDAY)

    assert (friday.opens_at, monday.opens_at) == (at("2026-03-06T14:30Z"), at("2026-03-09T13:30Z"))
    assert [climb.opens_at - climb.rungs[0].planned_at for climb in (friday, monday)] == [timedelta(hours=3)] * 2


def test_a_day_without_regular_hours_has_no_ladder_though_it_has_a_session() -> None:
    thanksgiving, good_friday = date(2025, 11, 27), date(2026, 4, 3)

    assert CME.session(thanksgiving) is not None
    assert climb_on(LADDER, CME, thanksgiving) is None
    assert climb_on(LADDER, CME, good_friday) is None


def test_an_early_close_changes_nothing_about_the_ladder() -> None:
    assert on(date(2025, 11, 28)).opens_at == at("2025-11-28T14:30Z")


@pytest.mark.parametrize("day", [date(2026, 3, 7), date(2026, 3, 8)])
def test_a_weekend_has_no_ladder(day: date) -> None:
    assert climb_on(LADDER, CME, day) is None


def test_stocks_open_at_half_past_nine_in_new_york() -> None:
    climb = climb_on(Ladder("US_Equity"), MARKETS.named("US_Equity"), MONDAY)

    assert climb is not None and climb.opens_at == at("2026-03-09T13:30Z")


def test_before_the_open_of_a_whole_session_the_stages_fit_into_the_pause() -> None:
    climb = on(date(2026, 3, 10), "session_open")

    assert climb.opens_at == at("2026-03-09T22:00Z")
    assert [f"{rung.planned_at:%H:%M}" for rung in climb.rungs] == [
        "21:15", "21:21", "21:24", "21:27", "21:30", "22:00",
    ]  # fmt: skip


def test_after_a_weekend_the_stages_of_a_whole_session_have_all_the_time_they_want() -> None:
    climb = on(MONDAY, "session_open")

    assert (climb.opens_at, climb.rungs[0].planned_at) == (at("2026-03-08T22:00Z"), at("2026-03-08T19:00Z"))


def test_a_pause_that_is_shorter_than_the_lead_of_the_report_leaves_all_stages_one_instant() -> None:
    early = {"comprehensive": 180, "patterns": 120, "predictions": 90, "composite": 60, "report": 50}
    climb = climb_on(Ladder("CME_Futures", "session_open", early), CME, date(2026, 3, 10))

    assert climb is not None
    assert {rung.planned_at for rung in climb.rungs[:-1]} == {at("2026-03-09T21:10Z")}


@given(days, strategies.sampled_from(["rth_open", "session_open"]))
def test_stages_are_in_order_and_end_before_the_open_that_they_lead_up_to(day: date, anchor: str) -> None:
    climb = climb_on(Ladder("CME_Futures", anchor), CME, day)
    if climb is None:
        return

    assert tuple(rung.stage for rung in climb.rungs) == STAGES
    assert all(one.deadline_at <= other.planned_at for one, other in pairwise(climb.rungs[:-1]))
    assert all(rung.planned_at <= rung.deadline_at <= climb.opens_at for rung in climb.rungs[:-1])
    assert climb.rungs[-1].planned_at == climb.opens_at
    if anchor == "session_open":
        close = CME.last_completed(climb.opens_at, 1)[0].close
        assert min(rung.planned_at for rung in climb.rungs) >= min(close + AFTER_CLOSE, climb.rungs[-2].planned_at)


def test_the_next_ladder_is_the_one_whose_open_has_not_come() -> None:
    before, at_open = (next_climb(LADDER, CME, at("2026-03-06T14:30Z") + step) for step in (-TICK, timedelta(0)))

    assert before is not None and before.day == date(2026, 3, 6)
    assert at_open is not None and at_open.day == MONDAY


def test_before_thanksgiving_the_next_ladder_is_that_of_the_day_after() -> None:
    climb = next_climb(LADDER, CME, at("2025-11-26T20:00Z"))

    assert climb is not None and climb.day == date(2025, 11, 28)


def test_on_sunday_evening_the_next_ladder_is_that_of_monday() -> None:
    climb = next_climb(LADDER, CME, datetime(2026, 3, 8, 23, tzinfo=UTC))

    assert climb is not None and climb.day == MONDAY


def on(day: date, anchor: str = "rth_open") -> Climb:
    climb = climb_on(Ladder("CME_Futures", anchor), CME, day)
    assert climb is not None
    return climb
