from datetime import date

import psutil
import pytest
from kombu import Queue
from redis import Redis
from sqlalchemy import select

from app.bus.connection import with_database
from app.bus.keys import BROKER_DB
from app.dispatch import QUEUES
from app.jobs.models import AnalysisJob
from app.local.background import NICENESS, thread_limits
from tests.analyses import ask
from tests.waiting import until
from workers.dispatch import CeleryDispatch

DAY = date(2025, 10, 9)
# The bare name is the list of what is urgent, and of what an earlier version has sent.
ORDINARY = "{}\x06\x169"


def test_what_prepares_an_open_is_urgent_and_other_work_is_not(broker, dispatch):
    dispatch.export_session("CME_Futures", DAY)
    dispatch.close_session("CME_Futures", DAY)
    dispatch.apply_retention("CME_Futures")
    dispatch.prepare_stage("CME_Futures", DAY, "report")
    dispatch.run_job(1)
    dispatch.run_job(2, urgent=True)

    assert waiting(broker, "export") == (1, 3)
    assert waiting(broker, "analysis") == (1, 1)


@pytest.mark.parametrize("queue", QUEUES)
def test_a_probe_waits_for_no_other_work(queue, broker, dispatch):
    dispatch.probe(queue)

    assert waiting(broker, queue) == (1, 0)


def test_a_task_that_says_nothing_of_its_priority_is_not_urgent(broker, celery):
    @celery.task(name="control.of_a_test")
    def task():
        pass

    task.delay()

    assert waiting(broker, "control") == (0, 1)


@pytest.mark.parametrize("urgent", [True, False])
def test_a_message_keeps_its_priority_when_its_worker_is_lost(urgent, broker, celery, dispatch):
    dispatch.run_job(7, urgent=urgent)
    before = waiting(broker, "analysis")

    with celery.connection() as connection:
        taken = Queue("analysis")(connection.default_channel).get()
        assert waiting(broker, "analysis") == (0, 0)
        taken.requeue()

    assert waiting(broker, "analysis") == before


def test_what_waits_is_counted_and_purged_whatever_its_priority(broker, celery, dispatch):
    dispatch.run_job(7)
    dispatch.run_job(8, urgent=True)

    with celery.connection() as connection:
        queue = Queue("analysis")(connection.default_channel)
        counted = queue.queue_declare(passive=True).message_count
        purged = queue.purge()

    assert (counted, purged, waiting(broker, "analysis")) == (2, 2, (0, 0))


def test_a_worker_takes_what_is_urgent_first_and_leaves_nothing(rt, celery, dispatch, start_worker):
    ordinary = [ask(rt, "ES"), ask(rt, "NQ")]
    of_before, urgent = ask(rt, "YM"), ask(rt, "RTY")
    for number in ordinary:
        dispatch.run_job(number)
    celery.send_task("analysis.run_job", args=(of_before,), priority=0)
    dispatch.run_job(urgent, urgent=True)

    start_worker("analysis")
    until(lambda: all(job.finished_at for job in jobs(rt)))

    assert [job.id for job in sorted(jobs(rt), key=lambda job: job.started_at)] == [of_before, urgent, *ordinary]


@pytest.mark.parametrize("queue", ["analysis", "export"])
def test_the_processes_that_compute_let_all_others_go_first(queue, start_worker):
    process, _log = start_worker(queue)
    [child] = psutil.Process(process.pid).children()

    until(lambda: child.nice() == NICENESS)
    assert {name: child.environ().get(name) for name in thread_limits()} == thread_limits()


def waiting(broker, queue):
    return broker.llen(queue), broker.llen(ORDINARY.format(queue))


def jobs(rt):
    with rt.sessions() as session:
        return list(session.scalars(select(AnalysisJob)))


@pytest.fixture
def broker(server_url):
    with Redis.from_url(with_database(server_url, BROKER_DB)) as client:
        yield client


@pytest.fixture
def dispatch(celery):
    return CeleryDispatch(lambda: celery)
