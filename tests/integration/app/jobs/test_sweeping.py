from datetime import timedelta

from sqlalchemy import update

from app.bus import keys
from app.errors import Unavailable
from app.jobs.claims import LOST_TWICE, claim_job, end_lost_jobs
from app.jobs.ledger import present_model, record_predictions
from app.jobs.models import AnalysisJob, Prediction
from app.jobs.service import cancel, find_job
from app.jobs.sweeping import Forsaken, Unattended, forsaken_jobs
from app.operations.tick import market_tick, plan_tick
from app.operations.tick_steps import EndLostJobs, ResolvePredictions, RunJob, TickPolicy
from tests.analyses import NOW, ask, prediction_of

POLICY = TickPolicy(partitions_ahead_days=2, resume_window_s=900)
STEPS = RunJob | EndLostJobs | ResolvePredictions


def test_a_job_that_waits_for_long_is_sent_again(stores, clock):
    number = ask(stores)

    young = forsaken(stores, NOW + timedelta(seconds=29))
    old = forsaken(stores, NOW + timedelta(seconds=31))

    assert (young, old) == (Forsaken([], 0), Forsaken([Unattended(number, 0)], 0))


def test_a_job_at_work_is_left_alone_until_its_worker_shows_no_life(stores):
    number = ask(stores)
    claim(stores, number, NOW)

    alive = forsaken(stores, NOW + timedelta(seconds=30))
    lost = forsaken(stores, NOW + timedelta(seconds=31))

    assert (alive, lost) == (Forsaken([], 0), Forsaken([Unattended(number, 1)], 0))


def test_a_job_that_was_lost_twice_has_failed(stores):
    number = ask(stores)
    claim(stores, number, NOW)
    claim(stores, number, NOW + timedelta(minutes=1))
    later = NOW + timedelta(minutes=2)

    assert forsaken(stores, later) == Forsaken([], 1)
    with stores.sessions.begin() as session:
        assert end_lost_jobs(session, later) == [number]
    job = job_of(stores, number)
    assert (job.status, job.error, job.finished_at) == ("failed", LOST_TWICE, later)


def test_a_lost_job_that_is_to_be_cancelled_is_cancelled(stores):
    number = ask(stores)
    claim(stores, number, NOW)
    with stores.sessions.begin() as session:
        cancel(session, number, NOW)

    with stores.sessions.begin() as session:
        end_lost_jobs(session, NOW + timedelta(minutes=1))

    assert (job_of(stores, number).status, job_of(stores, number).error) == ("cancelled", "")


def test_the_tick_sends_a_forsaken_job_once_in_a_while(stores, clock, dispatch, bus):
    number = ask(stores)
    clock.advance(timedelta(minutes=1))

    market_tick(stores, POLICY)
    market_tick(stores, POLICY)
    often = dispatch.sent.count(("run_job", number))
    bus.delete(keys.job_asked(number, 0))
    market_tick(stores, POLICY)

    assert often == 1
    assert dispatch.sent.count(("run_job", number)) == 2


def test_a_message_is_waited_for_longer_while_the_workers_are_busy(stores, clock, bus):
    free, busy = ask(stores, "ES"), ask(stores, "NQ")
    clock.advance(timedelta(minutes=1))
    bus.set(keys.job_asked(busy, 0), 1)

    market_tick(stores, POLICY)
    bus.delete(keys.job_asked(busy, 0))
    bus.set(keys.busy("analysis"), 1)
    market_tick(stores, POLICY)

    assert 50 < bus.ttl(keys.job_asked(free, 0)) <= 60
    assert 500 < bus.ttl(keys.job_asked(busy, 0)) <= 600


def test_a_lost_job_is_sent_at_once_however_often_it_was_sent_before(stores, clock):
    waits, lost = ask(stores, "ES"), ask(stores, "NQ")
    stores.redis.set(keys.job_asked(lost, 0), 1)
    claim(stores, lost, NOW)
    clock.advance(timedelta(minutes=1))

    steps = [step for step in plan_tick(stores, POLICY) if isinstance(step, STEPS)]

    assert steps == [RunJob(lost, 1), RunJob(waits, 0)]


def test_a_job_that_could_not_be_sent_is_sent_by_the_next_tick(stores, clock, dispatch, monkeypatch):
    def refuse(_number):
        raise Unavailable("the task queue is away")

    number = ask(stores)
    clock.advance(timedelta(minutes=1))
    with monkeypatch.context() as away:
        away.setattr(dispatch, "run_job", refuse)
        market_tick(stores, POLICY)

    market_tick(stores, POLICY)

    assert dispatch.sent.count(("run_job", number)) == 1


def test_the_tick_ends_what_was_lost_twice(stores, clock):
    number = ask(stores)
    with stores.sessions.begin() as session:
        values = {"status": "running", "attempt": 2, "started_at": NOW, "heartbeat_at": NOW}
        session.execute(update(AnalysisJob).where(AnalysisJob.id == number).values(values))
    clock.advance(timedelta(minutes=1))

    steps = [step for step in market_tick(stores, POLICY) if isinstance(step, STEPS)]

    assert steps == [EndLostJobs()]
    assert job_of(stores, number).status == "failed"


def test_the_tick_looks_for_outcomes_once_a_minute(stores, clock):
    number = ask(stores)
    with stores.sessions.begin() as session:
        record_predictions(session, number, present_model(session, NOW), [prediction_of()], NOW)

    def steps():
        return [step for step in plan_tick(stores, POLICY) if isinstance(step, ResolvePredictions)]

    before = steps()
    clock.advance(timedelta(hours=2))
    due, at_once = steps(), steps()
    clock.advance(timedelta(minutes=1))

    assert (before, due, at_once, steps()) == ([], [ResolvePredictions()], [], [ResolvePredictions()])


def test_the_tick_writes_outcomes(stores, clock):
    number = ask(stores)
    with stores.sessions.begin() as session:
        record_predictions(session, number, present_model(session, NOW), [prediction_of()], NOW)
    clock.advance(timedelta(days=8))

    market_tick(stores, POLICY)

    with stores.sessions() as session:
        assert session.query(Prediction.void).scalar() == "there is no data of REPLAY for its time"


def forsaken(stores, now):
    with stores.sessions() as session:
        return forsaken_jobs(session, now)


def claim(stores, number, now):
    with stores.sessions.begin() as session:
        assert claim_job(session, number, "w", now)


def job_of(stores, number):
    with stores.sessions() as session:
        return find_job(session, number)
