from datetime import timedelta

import pytest
from sqlalchemy import update

from app.errors import Unavailable
from app.jobs.claims import Claim, beat, claim_job, end_lost_jobs, give_back
from app.jobs.models import AnalysisJob
from app.jobs.running import run_job
from app.jobs.service import cancel, find_job
from app.jobs.sweeping import Unattended, forsaken_jobs
from app.jobs.urgency import PREMARKET
from app.jobs.watching import RunLimits
from app.operations.tick import market_tick
from app.operations.tick_steps import TickPolicy
from tests.analyses import NOW, EndlessAnalysis, SteppedAnalysis, ask
from tests.waiting import until

LIMITS = RunLimits(beat_s=0.02)
POLICY = TickPolicy(partitions_ahead_days=2, resume_window_s=900)


def test_a_worker_puts_down_what_is_not_urgent_when_an_urgent_job_waits(stores, clock, dispatch):
    number = ask(stores)

    outcome = work(stores, number, EndlessAnalysis(lambda: ask_urgently(stores, clock)))

    job = job_of(stores, number)
    assert (outcome, job.status, job.attempt, job.started_at, job.progress) == ("gave way", "pending", 0, None, 0)
    assert dispatch.sent == [("run_job", number + 1, "urgent"), ("run_job", number)]


def test_a_job_that_gave_way_is_done_afterwards_as_if_it_had_not_been_taken(stores, clock):
    number = ask(stores)
    work(stores, number, EndlessAnalysis(lambda: ask_urgently(stores, clock)))

    urgent, later = work(stores, number + 1, SteppedAnalysis()), work(stores, number, SteppedAnalysis())

    assert (urgent, later, job_of(stores, number).attempt) == ("done", "done", 1)


def test_work_that_does_not_stop_is_put_down_by_the_end_of_its_process(stores, clock):
    number, ended = ask(stores), []

    def ignore(step):
        if step == "bars":
            ask_urgently(stores, clock)
            until(lambda: ended)

    limits = RunLimits(beat_s=0.02, grace_s=0.05)
    work(stores, number, SteppedAnalysis(ignore), limits, lambda: ended.append(job_of(stores, number).status))

    assert ended == ["pending"]


@pytest.mark.parametrize(
    ("requested_by", "waited_s", "told"),
    [(PREMARKET, 11, "give way"), (PREMARKET, 9, "go on"), ("admin", 11, "go on")],
)
def test_only_an_urgent_job_that_waits_for_longer_than_a_free_worker_lets_it_is_given_way_to(
    stores, requested_by, waited_s, told
):
    number = taken(stores, "ES")
    ask_by(stores, requested_by, "NQ")

    assert beat_of(stores, number, NOW + timedelta(seconds=waited_s)) == told


def test_an_urgent_job_does_not_give_way_to_another(stores):
    number = ask_by(stores, PREMARKET, "ES")
    claim(stores, number)
    ask_by(stores, PREMARKET, "NQ")

    assert beat_of(stores, number, NOW + timedelta(minutes=1)) == "go on"


def test_an_urgent_job_at_work_elsewhere_is_not_given_way_to(stores):
    number, urgent = taken(stores, "ES"), ask_by(stores, PREMARKET, "NQ")
    claim(stores, urgent)

    assert beat_of(stores, number, NOW + timedelta(minutes=1)) == "go on"


def test_a_command_of_its_own_stands_in_nobody_s_way(stores, clock):
    number = ask(stores)

    def look(step):
        if step == "bars":
            ask_urgently(stores, clock)
            # Several signs of life later.
            until(lambda: job_of(stores, number).heartbeat_at > NOW)
            clock.advance(timedelta(seconds=1))
            until(lambda: job_of(stores, number).heartbeat_at >= clock.now())

    assert work(stores, number, SteppedAnalysis(look), end_process=None) == "done"


def test_a_job_that_is_to_be_cancelled_is_not_given_back_but_ended(stores):
    number = taken(stores, "ES")
    with stores.sessions.begin() as session:
        cancel(session, number, NOW)

    with stores.sessions.begin() as session:
        assert not give_back(session, Claim(number, 1))
        assert end_lost_jobs(session, NOW + timedelta(minutes=1)) == [number]

    assert job_of(stores, number).status == "cancelled"


def test_a_job_of_somebody_else_is_not_given_back(stores):
    number = taken(stores, "ES")

    with stores.sessions.begin() as session:
        assert not give_back(session, Claim(number, 2))

    assert job_of(stores, number).status == "running"


def test_what_cannot_be_sent_after_giving_way_is_left_to_the_tick(stores, clock, dispatch, monkeypatch):
    def refuse(_number, **_options):
        raise Unavailable("the task queue is away")

    number = ask(stores)
    with monkeypatch.context() as away:
        away.setattr(dispatch, "run_job", refuse)
        outcome = work(stores, number, EndlessAnalysis(lambda: ask_urgently(stores, clock)))
    clock.advance(timedelta(minutes=1))

    market_tick(stores, POLICY)

    assert outcome == "gave way"
    sent = [message for message in dispatch.sent if message[0] == "run_job"]
    assert sent == [("run_job", number + 1, "urgent"), ("run_job", number)]


def test_urgent_jobs_that_nobody_sees_to_are_sent_first(stores):
    waits, lost = ask(stores, "ES"), taken(stores, "YM")
    urgent = ask_by(stores, PREMARKET, "NQ")

    with stores.sessions() as session:
        found = forsaken_jobs(session, NOW + timedelta(minutes=1)).to_send

    assert found == [Unattended(urgent, 0, urgent=True), Unattended(lost, 1), Unattended(waits, 0)]


def work(stores, number, analyse, limits=LIMITS, end_process=lambda: None):
    return run_job(stores, number, limits, worker="here", analyse=analyse, end_process=end_process, pauses_s=())


def ask_urgently(stores, clock):
    ask_by(stores, PREMARKET, "NQ")
    clock.advance(timedelta(seconds=11))


def ask_by(stores, requested_by, symbol):
    number = ask(stores, symbol)
    with stores.sessions.begin() as session:
        session.execute(update(AnalysisJob).where(AnalysisJob.id == number).values(requested_by=requested_by))
    return number


def taken(stores, symbol):
    number = ask(stores, symbol)
    claim(stores, number)
    return number


def claim(stores, number):
    with stores.sessions.begin() as session:
        assert claim_job(session, number, "w", NOW)


def beat_of(stores, number, now):
    with stores.sessions.begin() as session:
        return beat(session, Claim(number, 1), now, "bars", 0.5)


def job_of(stores, number):
    with stores.sessions() as session:
        return find_job(session, number)
