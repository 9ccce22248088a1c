from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from sqlalchemy import func, select

from app.bus import keys
from app.ledger.models import IngestBatch
from app.ledger.positions import read_position
from app.ledger.totals import sum_losses
from app.operations.trimming import trim_stream
from tests.factories import quotes
from tests.fakes import FixedClock
from tests.ingesting import drain, ingestor, publisher

__all__ = ["drain", "ingestor", "publisher"]


@pytest.fixture
def clock(bus):
    seconds, _micros = bus.time()
    return FixedClock(datetime.fromtimestamp(seconds, UTC) + timedelta(hours=1))


def position(rt):
    with rt.sessions() as session:
        return read_position(session, keys.INGEST_GROUP)


def batches(rt):
    with rt.sessions() as session:
        return session.scalar(select(func.count()).select_from(IngestBatch))


def test_what_is_stored_goes_and_the_database_learns_up_to_where(rt, bus, publisher, drain):
    publisher.publish(quotes(1_000))
    last = bus.xinfo_stream(keys.STREAM)["last-generated-id"]
    drain(batch_size=100)
    before = batches(rt)

    trimmed = trim_stream(rt, window_s=60)

    assert trimmed > 800
    assert position(rt) == (bus.get(keys.GENERATION), last)
    assert before == 10
    assert 1 <= batches(rt) <= 2


def test_what_clients_may_still_ask_for_stays_and_so_do_its_batches(rt, publisher, drain):
    publisher.publish(quotes(300))
    drain(batch_size=100)

    assert trim_stream(rt, window_s=7_200) == 0
    assert batches(rt) == 3


def test_of_a_stream_that_nears_its_cap_what_is_stored_goes_also_where_clients_may_ask_for_it(rt, publisher, drain):
    publisher.publish(quotes(300))
    drain(batch_size=100)
    publisher.publish(quotes(100, first_seq=301))

    assert 200 < trim_stream(rt, window_s=7_200, cap=500) <= 300
    assert batches(rt) == 1


def test_batches_stay_as_long_as_their_entries_are_not_acknowledged(rt, bus, publisher, ingestor, drain):
    publisher.publish(quotes(10))
    drain(batch_size=1)
    [first, *_] = [entry_id for entry_id, _fields in bus.xrange(keys.STREAM)]
    # As after a kill between commit and acknowledgement, and a trim by somebody else.
    bus.xclaim(keys.STREAM, keys.INGEST_GROUP, "dead", 0, [first], force=True)
    bus.xtrim(keys.STREAM, maxlen=0, approximate=False)

    trim_stream(rt, window_s=0)
    ingestor("taker", lost_after_ms=0).run(Event(), until_drained=True)

    with rt.sessions() as session:
        assert sum_losses(session)["trimmed_pending"] == 0


def test_before_there_is_anything_nothing_happens(rt):
    assert trim_stream(rt, window_s=0) == 0
    assert position(rt) is None
