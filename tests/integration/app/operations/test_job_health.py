from datetime import timedelta

import pytest

from app.jobs.claims import claim_job
from app.operations.job_health import IDLE_S, check_jobs
from tests.analyses import NOW, ask
from tests.fakes import FixedClock

LONG = timedelta(seconds=IDLE_S + 1)


@pytest.fixture
def clock():
    return FixedClock(NOW)


def test_a_job_may_wait_for_a_while(rt):
    ask(rt, "ES")

    check = check_jobs(rt)

    assert (check.ok, check.detail) == (True, "1 waiting, 0 running")
    assert (check.figures["pending"], check.figures["oldest_pending_s"]) == (1, 0.0)


def test_a_job_that_nobody_takes_up_is_told(rt, clock):
    ask(rt, "ES")
    clock.advance(LONG)

    check = check_jobs(rt)

    assert (check.ok, "does the analysis worker run?" in check.detail) == (False, True)


def test_a_job_may_wait_for_long_behind_one_that_shows_life(rt, clock):
    first, _second = ask(rt, "ES"), ask(rt, "NQ")
    clock.advance(LONG)
    with rt.sessions.begin() as session:
        claim_job(session, first, "test", clock.now())

    assert check_jobs(rt).ok


def test_life_of_long_ago_is_none(rt, clock):
    first, _second = ask(rt, "ES"), ask(rt, "NQ")
    with rt.sessions.begin() as session:
        claim_job(session, first, "test", clock.now())
    clock.advance(LONG)

    assert not check_jobs(rt).ok
