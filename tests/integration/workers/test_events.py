from datetime import date
from threading import Thread

import pytest

from tests.waiting import until
from workers.dispatch import CeleryDispatch

DAY = date(2025, 10, 9)


def test_flower_is_told_of_work_and_not_of_signs_of_life(celery, start_worker, heard):
    dispatch = CeleryDispatch(lambda: celery)
    start_worker("export")
    until(lambda: heard["worker-heartbeat"])

    dispatch.probe("export")
    dispatch.export_session("CME_Futures", DAY)
    until(lambda: heard["task-received"])

    assert [event["name"] for event in heard["task-received"]] == ["export.export_session"]


@pytest.fixture
def heard(celery):
    told = {"worker-heartbeat": [], "task-received": []}
    with celery.connection() as connection:
        receiver = celery.events.Receiver(connection, handlers={name: told[name].append for name in told})
        listening = Thread(target=receiver.capture, kwargs={"wakeup": False}, daemon=True)
        listening.start()
        yield told
        receiver.should_stop = True
        listening.join(10)
