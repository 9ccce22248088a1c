from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import insert

from app.analysis.inputs import SymbolInput, TickFile
from app.jobs.estimating import estimate, plan_of
from app.jobs.models import AnalysisJob
from tests.analyses import NOW
from tests.tick_days import input_of, sessions, steady

DAYS = sessions(date(2025, 10, 6), 3)


def test_a_plan_counts_recorded_rows_and_names_the_days_without_a_file(tmp_path):
    files = tuple(TickFile(hours.day, tmp_path / "nowhere", "d", rows) for hours, rows in ((DAYS[0], 40), (DAYS[2], 2)))

    plan = plan_of(SymbolInput("ES", DAYS, files, None, 252.0))

    assert (plan.sessions, plan.files, plan.rows) == (3, 2, 42)
    assert (plan.first, plan.last, plan.holes) == (DAYS[0].day, DAYS[2].day, (DAYS[1].day,))


def test_a_plan_of_nothing_has_no_days():
    plan = plan_of(SymbolInput("ES", (), (), None, 252.0))

    assert (plan.rows, plan.first, plan.last, plan.holes) == (0, None, None, ())


def test_an_unrecorded_file_is_counted_by_its_footer_and_a_damaged_one_not_at_all(stores):
    wanted = input_of(stores.lake, {DAYS[0]: steady(DAYS[0], [6700.0] * 7), DAYS[1]: steady(DAYS[1], [6700.0] * 5)})
    unrecorded = tuple(replace(file, rows=None) for file in wanted.files)
    unrecorded[1].path.write_bytes(b"PAR1 and nothing else")

    assert plan_of(replace(wanted, files=unrecorded)).rows == 7


@pytest.mark.parametrize(
    ("past", "seconds"),
    [
        ([], None),
        ([("full", {"ticks": 500, "wall_s": 5.0})], 10.0),
        ([("full", {"ticks": 500, "wall_s": 5.0}), ("full", {"ticks": 1_500, "wall_s": 5.0})], 5.0),
        ([("single", {"ticks": 500, "wall_s": 5.0})], None),
        ([("full", {"ticks": 99, "wall_s": 5.0})], None),
        ([("full", {"ticks": 10_001, "wall_s": 5.0})], None),
        ([("full", {"ticks": 500, "wall_s": 5.0}), ("full", {"ticks": 500, "wall_s": 0.1, "cache_hits": 9})], 10.0),
        ([("full", {"ticks": 500, "wall_s": 0.1, "cache_hits": 9})], 0.2),
        ([("full", {})], None),
    ],
    ids=["none", "one", "the pace of all", "another kind", "too small", "too large", "not from the cache",
         "nothing but the cache", "nothing was told"],
)  # fmt: skip
def test_the_time_is_that_of_the_like(db_session, tmp_path, past, seconds):
    for kind, resources in past:
        db_session.execute(insert(AnalysisJob).values(done(kind, resources)))
    wanted = SymbolInput("ES", DAYS, (TickFile(DAYS[0].day, tmp_path, "d", 1_000),), None, 252.0)

    told = estimate(db_session, [wanted], "full")

    assert (told.rows, told.seconds) == (1_000, pytest.approx(seconds))


def test_a_job_that_failed_says_nothing_of_the_time(db_session, tmp_path):
    failed = {"status": "failed", "error": "damaged", "progress": 0.5}
    db_session.execute(insert(AnalysisJob).values({**done("full", {"ticks": 1_000, "wall_s": 5.0}), **failed}))
    wanted = SymbolInput("ES", DAYS, (TickFile(DAYS[0].day, tmp_path, "d", 1_000),), None, 252.0)

    assert estimate(db_session, [wanted], "full").seconds is None


def done(kind, resources):
    """The values of a job that is done."""
    return {
        "kind": kind,
        "symbols": ["ES"],
        "start_date": DAYS[0].day,
        "end_date": DAYS[2].day,
        "parameters": {},
        "request_hash": "r",
        "requested_by": "test",
        "status": "done",
        "progress": 1,
        "created_at": NOW,
        "started_at": NOW,
        "heartbeat_at": NOW,
        "finished_at": NOW,
        "resources": resources,
    }
