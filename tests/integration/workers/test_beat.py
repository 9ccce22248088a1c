from datetime import UTC, datetime, timedelta

import pytest
from celery.beat import Service
from redis import Redis

from app.bus.connection import with_database
from app.bus.keys import BROKER_DB
from tests.fakes import FixedClock

EVERY = timedelta(seconds=15)
AN_HOUR = timedelta(hours=1)


@pytest.fixture
def clock(celery, monkeypatch):
    made = FixedClock(datetime.now(UTC))
    monkeypatch.setattr(celery, "now", made.now)
    return made


@pytest.fixture
def start_beat(celery, clock, tmp_path):
    """Starts beat as its command does, as often as it is called on one file."""
    celery.conf.beat_schedule = {"market-tick": {"task": "control.market_tick", "schedule": EVERY.total_seconds()}}
    begun = []

    def start():
        service = Service(celery, scheduler_cls=celery.conf.beat_scheduler, schedule_filename=str(tmp_path / "kept"))
        begun.append(service.get_scheduler())
        return begun[-1]

    yield start
    begun[-1].close()


@pytest.fixture
def sent(server_url):
    with Redis.from_url(with_database(server_url, BROKER_DB)) as client:
        yield lambda: sum(client.llen(key) for key in client.scan_iter("control*"))


@pytest.mark.parametrize("is_begun_again", [False, True])
def test_a_clock_that_is_put_back_silences_nothing_not_even_by_the_file_that_is_kept(
    start_beat, clock, sent, is_begun_again
):
    beat = start_beat()
    beat.tick()
    clock.advance(EVERY)
    beat.tick()
    assert sent() == 1
    clock.advance(-AN_HOUR)
    if is_begun_again:
        beat.close()
        beat = start_beat()

    beat.tick()
    assert sent() == 1
    clock.advance(EVERY)
    beat.tick()

    assert sent() == 2


def test_a_message_is_sent_each_time_that_the_pause_is_over_and_once(start_beat, clock, sent):
    beat = start_beat()

    counts = []
    for _ in range(5):
        beat.tick()
        counts.append(sent())
        clock.advance(EVERY - timedelta(seconds=5))

    assert counts == [0, 0, 1, 1, 2]
