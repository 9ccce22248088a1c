from datetime import timedelta
from threading import Event

import pytest

from app.bus import keys
from app.bus.leases import acquire
from app.collectors.recordings import open_recording
from app.collectors.replay import ReplayPlan, replay
from app.errors import Conflict
from app.market.markets import market
from tests.factories import MOMENT
from tests.fakes import FixedClock

CLOCK = FixedClock(MOMENT + timedelta(days=30))
FASTEST = ReplayPlan(speed=None)


@pytest.fixture
def recording(tmp_path):
    def record(*rows, name="day.csv", header="symbol,contract,ts,seq,last,bid,last_size,volume"):
        (tmp_path / name).write_text("\n".join([header, *rows]) + "\n")
        return open_recording(tmp_path / name, CLOCK.now())

    return record


def rows(count, first=1):
    return [
        f"ES,ESZ25,{(MOMENT + timedelta(seconds=n)).isoformat()},{n},6710.250,,{n % 2 or ''},{n}"
        for n in range(first, first + count)
    ]


def play(bus, recordings, plan=FASTEST, stop=None, **options):
    return replay(bus, recordings, plan, market(), CLOCK, stop or Event(), **options)


def entries(bus):
    return [fields for _, fields in bus.xrange(keys.STREAM)]


def test_recorded_quotes_are_published_exactly_and_in_order(bus, recording):
    assert play(bus, [recording(*rows(1_200))]) == 1_200

    published = entries(bus)
    assert [int(fields["seq"]) for fields in published] == list(range(1, 1_201))
    assert published[0] == {
        "symbol": "ES",
        "contract": "ESZ25",
        "source": "REPLAY",
        "seq": "1",
        "ts": "2025-10-09T15:30:01.000000Z",
        "recv_ts": "2025-11-08T15:30:00.000000Z",
        "session_date": "2025-10-09",
        "ts_origin": "exchange",
        "last": "6710.25",
        "last_size": "1",
        "volume": "1",
        "trade": "1",
        "delayed": "0",
        "v": "1",
    }


def test_an_event_without_a_size_is_no_trade_unless_the_file_says_so(bus, recording):
    untold = recording(*rows(2), name="a.csv")
    told = recording(f"ES,{MOMENT.isoformat()},9,1,true", name="b.csv", header="symbol,ts,seq,last,trade")

    play(bus, [untold, told])

    assert [fields["trade"] for fields in entries(bus)] == ["1", "0", "1"]


@pytest.mark.parametrize(
    ("price", "written"), [("38000", "38000"), ("100.000", "100"), ("0.00", "0"), ("-37.630", "-37.63")]
)
def test_prices_are_written_plainly(bus, recording, price, written):
    play(bus, [recording(f"ES,{MOMENT.isoformat()},1,{price}", header="symbol,ts,seq,last")])

    assert entries(bus)[0]["last"] == written


def test_files_come_one_after_another(bus, recording):
    play(bus, [recording(*rows(2, first=5), name="late.csv"), recording(*rows(2), name="early.csv")])

    assert [fields["seq"] for fields in entries(bus)] == ["5", "6", "1", "2"]


def test_the_same_file_again_gives_the_same_events(bus, recording):
    found = recording(*rows(3))

    play(bus, [found])
    play(bus, [found])

    assert entries(bus)[:3] == entries(bus)[3:]


def test_as_live_the_quotes_have_the_present_time_and_new_numbers(bus, recording):
    found = recording(*rows(3))
    for _ in range(2):
        play(bus, [found], ReplayPlan(speed=None, as_live=True))

    published = entries(bus)
    numbers = [int(fields["seq"]) for fields in published]
    assert {fields["ts"] for fields in published} == {"2025-11-08T15:30:00.000000Z"}
    assert {fields["ts_origin"] for fields in published} == {"local"}
    assert {fields["session_date"] for fields in published} == {"2025-11-10"}
    assert numbers == sorted(set(numbers))


def test_progress_is_told(bus, recording):
    told = []

    play(bus, [recording(*rows(1_200))], on_batch=told.append)

    assert sum(told) == 1_200


def test_one_replay_runs_at_a_time(bus, recording):
    acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))

    with pytest.raises(Conflict, match="is held by process"):
        play(bus, [recording(*rows(1))])


def test_the_source_is_free_after_a_replay(bus, recording):
    play(bus, [recording(*rows(1))])

    assert not bus.exists(keys.lease("REPLAY"))


def test_a_stop_ends_a_replay_between_batches(bus, recording):
    stop = Event()

    published = play(bus, [recording(*rows(1_200))], stop=stop, on_batch=lambda _count: stop.set())

    assert 0 < published < 1_200
    assert len(entries(bus)) == published


def test_a_stop_ends_a_replay_that_waits_for_room_in_the_stream(bus, recording):
    stop = Event()
    plan = ReplayPlan(speed=None, stream_cap=500)

    published = play(bus, [recording(*rows(1_200))], plan, stop, on_batch=lambda _count: stop.set())

    assert published == 500


def test_a_stop_ends_a_replay_that_waits_for_the_next_quote(bus, recording):
    stop = Event()
    day_apart = [*rows(1), f"ES,ESZ25,{(MOMENT + timedelta(days=1)).isoformat()},2,1,,,"]

    published = play(bus, [recording(*day_apart)], ReplayPlan(speed=1.0), stop, on_batch=lambda _count: stop.set())

    assert published == 1


def test_a_replay_goes_on_when_its_lease_has_expired(bus, recording):
    published = play(bus, [recording(*rows(1_200))], on_batch=lambda _count: bus.delete(keys.lease("REPLAY")))

    assert published == 1_200
