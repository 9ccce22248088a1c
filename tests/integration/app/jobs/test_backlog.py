from datetime import timedelta

import pytest

from app.jobs.backlog import read_backlog
from app.jobs.claims import claim_job
from app.jobs.service import STATUSES, cancel
from tests.analyses import ask


def test_nothing_waits_where_nothing_was_asked_for(stores):
    with stores.sessions() as session:
        backlog = read_backlog(session, stores.clock.now())

    assert (backlog.by_status, backlog.waits_s, backlog.life_age_s) == (dict.fromkeys(STATUSES, 0), 0.0, None)


def test_jobs_are_counted_and_the_oldest_that_waits_tells_for_how_long(stores, clock):
    taken, oldest = ask(stores, "CL"), ask(stores, "ES")
    with stores.sessions.begin() as session:
        claim_job(session, taken, "test", stores.clock.now())
    clock.advance(timedelta(seconds=40))
    dropped = ask(stores, "NQ")
    with stores.sessions.begin() as session:
        cancel(session, dropped, clock.now())
    clock.advance(timedelta(seconds=20))
    ask(stores, "YM")

    with stores.sessions() as session:
        backlog = read_backlog(session, clock.now())

    assert backlog.by_status == {"pending": 2, "running": 1, "done": 0, "failed": 0, "cancelled": 1}
    assert oldest < dropped
    assert (backlog.waits_s, backlog.life_age_s) == (pytest.approx(60), pytest.approx(60))
