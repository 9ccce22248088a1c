import logging

import pytest

from app.operations.premarket.finishing import finish_stage
from app.operations.premarket.judging import judge_climb
from app.runtime import Runtime
from tests.fakes import FixedClock
from tests.ladders import (
    DAY,
    MARKET,
    MINUTE,
    OPENS_AT,
    POLICY,
    Alerts,
    at_work,
    done,
    done_job,
    job,
    key,
    planned,
    report_row,
)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(OPENS_AT - 29 * MINUTE)


def test_a_day_that_was_never_planned_has_no_verdict(rt: Runtime) -> None:
    assert judge_climb(rt, MARKET, DAY) is None


def test_the_verdict_follows_the_clock_until_the_report_is_made(
    rt: Runtime, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    planned(rt)
    done(rt)
    at_work(rt, "report", {"*": job(rt)})
    caplog.set_level(logging.INFO, "app.operations.premarket")

    assert judge_climb(rt, MARKET, DAY) is None
    clock.advance(5 * MINUTE)
    assert [judge_climb(rt, MARKET, DAY) for _ in range(2)] == ["LATE", "LATE"]
    clock.advance(24 * MINUTE)
    assert judge_climb(rt, MARKET, DAY) == "MISSING"

    assert report_row(rt).verdict == "MISSING"
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert [record.getMessage().splitlines()[0] for record in caplog.records] == [
        f"{MARKET} on {DAY} is LATE",
        f"{MARKET} on {DAY} is MISSING",
    ]


def test_a_report_that_nothing_is_remarked_of_is_ready_and_no_warning(
    rt: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    planned(rt)
    done(rt)
    at_work(rt, "report", {"*": done_job(rt)})
    caplog.set_level(logging.INFO, "app.operations.premarket")

    finish_stage(rt, POLICY, key("report"), alert=Alerts())

    assert judge_climb(rt, MARKET, DAY) == "READY"
    assert {record.levelname for record in caplog.records} == {"INFO"}


def test_a_stage_that_had_something_to_mind_makes_it_degraded(rt: Runtime, clock: FixedClock) -> None:
    planned(rt)
    clock.advance(-10 * MINUTE)
    done(rt, ["comprehensive", "patterns", "predictions"])
    left_out = {"CL": "there is no tick of it", "GC": "there is no tick of it"}
    reasons = ["CL, GC are left out: there is no tick of it", "3 events of the stream are not stored yet"]
    at_work(rt, "composite", {"*": done_job(rt)}, reasons=reasons, left_out=left_out)
    finish_stage(rt, POLICY, key("composite"), alert=Alerts())
    clock.advance(10 * MINUTE)
    at_work(rt, "report", {"*": done_job(rt)})
    finish_stage(rt, POLICY, key("report"), alert=Alerts())

    assert judge_climb(rt, MARKET, DAY) == "DEGRADED"
    # The report looked at the data anew, and does not rest on what composite found.
    assert report_row(rt).reasons == ["composite: CL, GC are left out: there is no tick of it"]


def test_what_was_amiss_with_the_data_that_the_report_rests_on_makes_it_degraded(
    rt: Runtime, clock: FixedClock
) -> None:
    planned(rt)
    clock.advance(-10 * MINUTE)
    done(rt, ["comprehensive", "patterns", "predictions"])
    at_work(rt, "composite", {"*": done_job(rt)}, reasons=["3 events of the stream are not stored yet"])
    finish_stage(rt, POLICY, key("composite"), alert=Alerts())
    clock.advance(10 * MINUTE)
    at_work(rt, "report", {})
    finish_stage(rt, POLICY, key("report"), alert=Alerts())

    judge_climb(rt, MARKET, DAY)

    assert "composite: 3 events of the stream are not stored yet" in report_row(rt).reasons
