import pytest

from app.api.installation import STREAM_TIMEOUT_S
from app.api.sse.frames import ORIGIN, parse_id
from app.api.sse.tail import StreamTail
from app.bus import keys
from app.bus.connection import connect
from app.clock import SystemClock
from app.errors import Unavailable
from app.market.markets import market
from tests.factories import wire
from tests.streams import FakeTail, event


class RealStream:
    """The same wishes as FakeTail's, on a real server."""

    def __init__(self, bus, tail):
        self._bus = bus
        self.tail = tail
        self.ids = []

    def publish(self, count):
        for number in range(len(self.ids), len(self.ids) + count):
            entry_id = self._bus.xadd(keys.STREAM, wire(seq=str(number)), id=f"1760000000000-{number + 1}")
            self.ids.append(parse_id(entry_id))

    def trim(self, count):
        self._bus.xtrim(keys.STREAM, maxlen=self._bus.xlen(keys.STREAM) - count, approximate=False)


class FakeStream:
    def __init__(self):
        self.tail = FakeTail()
        self.ids = []

    def publish(self, count):
        events = [event(number) for number in range(len(self.ids), len(self.ids) + count)]
        self.tail.publish(*events)
        self.ids += [event.id for event in events]

    def trim(self, count):
        self.tail.trim(count)


def test_an_empty_stream_has_no_newest_event_and_nothing_after_it(stream):
    assert stream.tail.newest() == ORIGIN
    assert stream.tail.wait_after(ORIGIN, 10).events == []
    assert stream.tail.page_after(ORIGIN, 10) is None


def test_what_came_after_a_place_is_read_in_order(stream):
    stream.publish(5)

    page = stream.tail.wait_after(stream.ids[1], 2)

    assert [event.id for event in page.events] == stream.ids[2:4]
    assert (page.last, page.read, page.unreadable) == (stream.ids[3], 2, 0)
    assert stream.tail.newest() == stream.ids[4]


def test_a_page_holds_so_many_entries_after_a_place_and_none_past_its_end(stream):
    stream.publish(10)

    assert [event.id for event in stream.tail.page_after(stream.ids[2], 3).events] == stream.ids[3:6]
    assert [event.id for event in stream.tail.page_after(stream.ids[2], 9, stream.ids[4]).events] == stream.ids[3:5]
    assert stream.tail.page_after(stream.ids[9], 3).last is None


def test_a_place_that_was_trimmed_away_breaks_the_chain_unless_nothing_came_after_it(stream):
    stream.publish(3)
    stream.trim(3)

    assert stream.tail.page_after(stream.ids[1], 3) is None
    assert stream.tail.page_after(stream.ids[2], 3).events == []


def test_a_place_that_never_was_breaks_the_chain(stream):
    stream.publish(3)

    assert stream.tail.page_after((stream.ids[2][0], stream.ids[2][1] + 99), 3) is None
    assert stream.tail.page_after(ORIGIN, 3) is None


def test_entries_that_are_no_quotes_are_passed_over_and_counted(real):
    real.publish(1)
    for fields in ({"x": "y"}, wire(last="NaN"), wire(contract=b"\xff")):
        real._bus.xadd(keys.STREAM, fields)
    last = parse_id(real._bus.xadd(keys.STREAM, wire(seq="9")))

    page = real.tail.page_after(real.ids[0], 10)

    assert [event.id for event in page.events] == [last]
    assert (page.read, page.unreadable, page.last) == (4, 3, last)


def test_an_event_that_is_read_again_is_the_same_object(real):
    real.publish(2)

    [first] = real.tail.page_after(real.ids[0], 10).events
    [second] = real.tail.wait_after(real.ids[0], 10).events

    assert first is second


def test_a_wait_for_news_is_over_before_its_connection_is_given_up(redis_url):
    with connect(redis_url, text=False, socket_timeout_s=STREAM_TIMEOUT_S) as client:
        tail = StreamTail(lambda: client, market(), SystemClock())

        assert tail.wait_after(tail.newest(), 10).events == []


def test_without_a_server_to_connect_to_it_says_so():
    def refuse():
        raise Unavailable("no server")

    with pytest.raises(Unavailable):
        StreamTail(refuse, market(), SystemClock()).newest()


@pytest.fixture(params=["real", "fake"])
def stream(request):
    return request.getfixturevalue("real") if request.param == "real" else FakeStream()


@pytest.fixture
def real(bus, raw_bus):
    return RealStream(bus, StreamTail(lambda: raw_bus, market(), SystemClock()))
