from datetime import date, timedelta

import httpx
import pytest

from app.operations.demo_premarket import climb_and_read
from app.operations.premarket.by_hand import Doing
from app.operations.premarket.policy import PremarketPolicy
from app.premarket.definition import AHEAD, STAGES, Ladder, StageKey
from app.premarket.rows import end_stage
from tests.fakes import FixedClock
from tests.premarket_days import DAY, MARKET, OPENS, climbed

POLICY = PremarketPolicy((Ladder(MARKET),))
BEFORE, CLOSED = date(2025, 10, 7), (date(2025, 11, 26), date(2025, 11, 27))


class Climbing:
    """Stands in for what is done at each stage: the ladder is there at once, as it is told to be."""

    def __init__(self, rt, verdict="LATE", reasons=("it was made by hand",)):
        self.rt, self.verdict, self.reasons = rt, verdict, reasons
        self.timeframes, self.only, self.ended = [], [], STAGES

    @property
    def doing(self):
        """What a climb by hand takes."""
        return Doing(
            run=lambda _job: "done",
            prepare=self.prepare,
            finish=lambda *_, **__: "done",
            verify=lambda *_: None,
            judge=lambda *_: "LATE",
        )

    def prepare(self, _stores, policy, key, *_told, **_options):
        """Do all that there is to do at the first stage."""
        if not self.timeframes:
            climbed(self.rt, key.day, ended=self.ended, verdict=self.verdict, reasons=self.reasons)
        self.timeframes.append(policy.timeframe)
        self.only.append(policy.only)
        return []


@pytest.fixture
def clock():
    return FixedClock(OPENS + timedelta(days=60))


@pytest.fixture
def http(app):
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://127.0.0.1:8000/") as client:
        yield client


def test_the_newest_day_is_worked_over_the_days_that_there_are_and_read(rt, http):
    climbing = Climbing(rt)

    ok, found = climb_and_read(rt, POLICY, climbing.doing, [BEFORE, DAY], ["ES"], http)

    assert ok
    assert found.startswith("2025-10-09 is LATE: it was made by hand; report of ")
    assert set(climbing.timeframes) == {"2days"}
    assert climbing.only == [["ES"]] * len(AHEAD)


def test_a_ladder_that_was_worked_before_is_only_read(rt, http):
    climbed(rt, verdict="LATE", reasons=["a", "b", "c"])
    climbing = Climbing(rt)

    ok, found = climb_and_read(rt, POLICY, climbing.doing, [BEFORE, DAY], ["ES"], http)

    assert (ok, climbing.timeframes) == (True, [])
    assert found.startswith("2025-10-09 is LATE: a, and 2 more; ")


@pytest.mark.parametrize(("verdict", "reasons"), [(None, ()), ("READY", ())])
def test_a_ladder_that_says_not_that_it_was_late_is_not_well(rt, http, verdict, reasons):
    assert not climb_and_read(rt, POLICY, Climbing(rt, verdict, reasons).doing, [BEFORE, DAY], ["ES"], http)[0]


@pytest.mark.parametrize(("verdict", "ok"), [("MISSING", True), ("LATE", False)])
def test_of_data_that_are_too_poor_there_is_no_report_which_the_verdict_says(rt, http, verdict, ok):
    climbing = Climbing(rt, verdict, ["every symbol is left out"])
    climbing.ended = AHEAD[:-1]

    assert climb_and_read(rt, POLICY, climbing.doing, [BEFORE, DAY], ["ES"], http) == (
        ok,
        f"2025-10-09 is {verdict}: every symbol is left out",
    )


def test_a_ladder_that_is_over_without_a_report_is_not_worked_again(rt, http):
    climbed(rt, ended=AHEAD[:-1], verdict="MISSING", reasons=["nobody saw to it"])
    with rt.sessions.begin() as session:
        for stage in STAGES[-2:]:
            key = StageKey(MARKET, DAY, stage)
            end_stage(session, key, OPENS, "skipped", reasons=["nobody saw to it"])
    climbing = Climbing(rt)

    told = climb_and_read(rt, POLICY, climbing.doing, [BEFORE, DAY], ["ES"], http)

    assert (told, climbing.timeframes) == ((True, "2025-10-09 is MISSING: nobody saw to it"), [])


def test_a_day_without_a_ladder_is_passed_over(rt, http):
    climbing = Climbing(rt)

    _, found = climb_and_read(rt, POLICY, climbing.doing, [date(2025, 11, 25), *CLOSED], ["ES"], http)

    assert found.startswith("2025-11-26 is LATE")


@pytest.mark.parametrize("days", [[DAY], [CLOSED[1]]])
def test_days_of_which_none_can_be_worked_are_told_and_well(rt, http, days):
    ok, found = climb_and_read(rt, POLICY, Climbing(rt).doing, days, ["ES"], http)

    assert (ok, found) == (
        True,
        "of the demo's days none with an open of CME_Futures that is prepared has another before it",
    )
