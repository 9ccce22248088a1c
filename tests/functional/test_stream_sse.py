"""The quote stream over real servers: what a client gets, misses, and is told."""

import contextlib
import json
import random
import re
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

import pytest
from redis import Redis

from app.bus import keys
from app.bus.connection import connect
from app.local.ports import free_port
from app.local.valkey import EmbeddedValkey
from tests.functional.publishing import TestSource
from tests.functional.sse import SseClient
from tests.functional.web_server import WebServer, serve


def test_quotes_come_as_they_are_published_in_order_and_with_their_stream_ids(web, bus):
    with TestSource(bus) as source, _es(web) as client:
        client.wait_connected()
        source.publish(300)
        client.wait(lambda c: len(c.quotes()) == 300)

    assert [quote.data["volume"] for quote in client.quotes()] == list(range(1, 301))
    assert [quote.id for quote in client.quotes()] == [entry_id for entry_id, _ in bus.xrange(keys.STREAM)]
    assert client.quotes()[0].data["last"] == "6751.25"
    assert client.quotes()[0].data["source"] == "REPLAY"


def test_the_answer_tells_proxies_and_browsers_not_to_keep_it_back(web, bus):
    with _es(web) as client:
        client.wait_connected()

    assert client.headers["content-type"].startswith("text/event-stream")
    assert client.headers["cache-control"] == "no-cache"
    assert client.headers["x-accel-buffering"] == "no"


def test_without_symbols_the_stream_carries_the_watchlist(web, bus):
    with TestSource(bus) as source, SseClient(f"{web.url}/api/quotes/stream") as client:
        client.wait_connected()
        source.publish(2, ["UNWATCHED", "ES"])
        client.wait(lambda c: bool(c.quotes()))

    assert [quote.data["symbol"] for quote in client.quotes()] == ["ES"]


def test_a_client_of_symbols_that_nobody_delivers_gets_heartbeats(web, bus):
    with TestSource(bus) as source, SseClient(f"{web.url}/api/quotes/stream?symbols=NONE1,NONE2") as client:
        client.wait_connected()
        source.publish(10)
        client.wait(lambda c: c.comments.count("hb") >= 3)

    assert {event.name for event in client.events} <= {"sources"}


def test_a_heartbeat_moves_a_filtered_client_past_events_that_it_did_not_want(web, bus):
    with TestSource(bus) as source, SseClient(f"{web.url}/api/quotes/stream?symbols=NQ") as client:
        client.wait_connected()
        source.publish(5, ["ES"])
        newest = bus.xrevrange(keys.STREAM, count=1)[0][0]
        client.wait(lambda c: c.last_id == newest)

    assert {event.name for event in client.events} <= {"sources"}


@pytest.mark.parametrize("symbols", ["ES,NQ,YM", "NQ"])
def test_resumes_at_100_random_places_lose_nothing_and_repeat_nothing(web, bus, symbols):
    asked, places = symbols.split(","), random.Random(7)
    url = f"{web.url}/api/quotes/stream?symbols={symbols}"
    with TestSource(bus) as source:
        source.publish(600, ["ES", "NQ", "YM"])
        stored = bus.xrange(keys.STREAM)
        starts = [places.randrange(len(stored)) for _ in range(100)]
        with _publishing_steadily(source), ThreadPoolExecutor(4) as pool:
            missed = [sum(fields["symbol"] in asked for _, fields in stored[start + 1 :]) for start in starts]
            first_ids = [stored[start][0] for start in starts]
            got = list(pool.map(lambda first_id, count: _resume(url, first_id, count + 40), first_ids, missed))

    wanted = [entry_id for entry_id, fields in bus.xrange(keys.STREAM) if fields["symbol"] in asked]
    for first_id, ids in zip(first_ids, got, strict=True):
        expected = [entry_id for entry_id in wanted if _after(entry_id, first_id)]
        assert ids == expected[: len(ids)]


@pytest.mark.parametrize("last_event_id", ["0-0", "9999999999999-0", "1-1", f"{2**64 - 1}-{2**64 - 1}"])
def test_an_id_outside_the_window_is_answered_by_reset_and_the_live_stream(web, bus, last_event_id):
    with TestSource(bus) as source:
        source.publish(1)
        url = f"{web.url}/api/quotes/stream?symbols=ES"
        with SseClient(url, last_event_id=last_event_id) as client:
            client.wait(lambda c: bool(c.named("reset")))
            source.publish(3)
            client.wait(lambda c: any(quote.data["volume"] == 4 for quote in c.quotes()))

    reset, *quotes = [event for event in client.events if event.name != "sources"]
    assert (reset.name, {quote.name for quote in quotes}) == ("reset", {"quote"})
    assert reset.data["reason"] in ("expired", "unknown")
    # The reader of the stream may not yet have come to the first event when the client does.
    live = [entry_id for entry_id, _ in bus.xrange(keys.STREAM) if _after(entry_id, reset.id)]
    assert [quote.id for quote in quotes] == live
    assert len(live) in (3, 4)


def test_an_id_that_was_trimmed_away_is_answered_by_reset(web, bus):
    with TestSource(bus) as source:
        source.publish(20)
        ids = [entry_id for entry_id, _ in bus.xrange(keys.STREAM)]
        bus.xtrim(keys.STREAM, minid=ids[10], approximate=False)
        with SseClient(f"{web.url}/api/quotes/stream?symbols=ES&last_event_id={ids[5]}") as client:
            client.wait(lambda c: bool(c.named("reset")))

    assert client.events[0].data == {"reason": "unknown"}


def test_the_newest_id_is_resumed_although_it_was_trimmed_away(web, bus):
    with TestSource(bus) as source:
        source.publish(5)
        newest = bus.xrevrange(keys.STREAM, count=1)[0][0]
        bus.xtrim(keys.STREAM, maxlen=0, approximate=False)
        with _es(web, newest) as client:
            client.wait(lambda c: "hb" in c.comments)
            source.publish(2)
            client.wait(lambda c: len(c.quotes()) == 2)

    assert client.named("reset") == []


@pytest.mark.parametrize(
    "last_event_id",
    ["abc", "-1", "1", "1-1-1", "１-１", "1-" + "9" * 400, f"{2**64}-0", "1-1\r\ndata: x", "1-1\n\n", "9" * 6_000],
)
def test_a_malformed_id_is_a_problem_and_no_stream(web, bus, last_event_id):
    query = urllib.parse.quote(last_event_id)

    status, _headers, body = _get(f"{web.url}/api/quotes/stream?symbols=ES&last_event_id={query}")

    assert (status, body["title"]) == (400, "Bad Request")
    assert re.search("last.event.id", body["detail"])


def test_an_entry_that_ingest_refuses_is_not_shown_to_anyone(web, bus):
    with TestSource(bus) as source, _es(web) as client:
        client.wait_connected()
        now = datetime.now(UTC).isoformat()
        for last in ("NaN", "1e309", b"\xff\xfe"):
            bus.xadd(keys.STREAM, {"symbol": "ES", "source": "REPLAY", "seq": "1", "ts": now, "last": last})
        bus.xadd(keys.STREAM, {"symbol": "ES\ndata: forged", "source": "REPLAY", "seq": "1", "ts": now})
        bus.xadd(keys.STREAM, {"x": "y"})
        source.publish(1)
        client.wait(lambda c: bool(c.quotes()))

    assert [quote.data["volume"] for quote in client.quotes()] == [1]


def test_beyond_the_cap_clients_are_asked_to_come_back_and_places_are_freed_again(web_settings, bus, log_file):
    with serve(log_file, {**web_settings, "SSE_MAX_CLIENTS": "3"}) as web:
        url = f"{web.url}/api/quotes/stream?symbols=ES"
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(SseClient(url)).wait_connected()
            status, headers, body = _get(url)
        freed = _eventually(lambda: _stream_check(web)["clients"] == 0)

        assert (status, headers["Retry-After"], body["status"]) == (429, "10", 429)
        assert freed
        with SseClient(url) as client:
            client.wait_connected()


def test_clients_that_vanish_leave_no_place_thread_or_file_taken(web, bus):
    url = f"{web.url}/api/quotes/stream?symbols=ES"
    assert _eventually(lambda: _stream_check(web)["clients"] == 0)

    clients = [SseClient(url, reading=False) for _ in range(50)]
    taken = _eventually(lambda: _stream_check(web)["clients"] == 50)
    for client in clients:
        client.abort()

    assert taken
    assert _eventually(lambda: _stream_check(web)["clients"] == 0)
    assert _eventually(lambda: _connections(web) == 0)


def test_a_client_that_hangs_up_with_all_buffers_full_leaves_nothing_taken_either(web, bus):
    with TestSource(bus) as source, SseClient(f"{web.url}/api/quotes/stream?symbols=ES", reading=False) as client:
        before = _stream_check(web)["conflated"]
        assert _eventually(lambda: source.publish(200) or _stream_check(web)["conflated"] > before, deadline_s=60)

        client.say_farewell()

        assert _eventually(lambda: _stream_check(web)["clients"] == 0)
        assert _eventually(lambda: _connections(web) == 0)


def test_a_client_that_stops_reading_is_cut_and_others_miss_nothing(web_settings, bus, log_file):
    limits = {"SSE_STUCK_S": "1", "SSE_QUEUE_EVENTS": "4096"}
    with serve(log_file, {**web_settings, **limits}) as web, TestSource(bus) as source:
        url = f"{web.url}/api/quotes/stream?symbols=ES"
        with SseClient(url, reading=False), SseClient(url) as reading:
            reading.wait_connected()
            _eventually(lambda: _stream_check(web)["clients"] == 2)
            cut = _eventually(lambda: source.publish(20) or _stream_check(web)["cut"] == 1, deadline_s=60)
            reading.wait(lambda c: len(c.quotes()) == source.sent)
            left = _eventually(lambda: _stream_check(web)["clients"] == 1)

    assert cut
    assert left
    assert [quote.data["volume"] for quote in reading.quotes()] == list(range(1, source.sent + 1))


def test_a_slow_client_gets_the_newest_of_each_symbol_and_is_told_how_many_it_missed(web_settings, bus, log_file):
    two = ["ES", "NQ"]
    with contextlib.ExitStack() as stack:
        web = stack.enter_context(serve(log_file, {**web_settings, "SSE_QUEUE_EVENTS": "32"}))
        source = stack.enter_context(TestSource(bus))
        client = stack.enter_context(SseClient(f"{web.url}/api/quotes/stream?symbols=ES,NQ", reading=False))
        _eventually(lambda: _stream_check(web)["clients"] == 1)
        _eventually(lambda: source.publish(50, two) or _stream_check(web)["conflated"] > 0, deadline_s=60)
        source.publish(100, two)
        client.start_reading()
        client.wait(lambda c: c.quotes() and c.quotes()[-1].data["volume"] == source.sent)

    told = sum(event.data["count"] for event in client.named("conflated"))
    volumes = [quote.data["volume"] for quote in client.quotes()]
    assert told > 0
    assert told + len(volumes) == source.sent
    assert volumes == sorted(volumes)


def test_the_stream_goes_on_by_itself_when_valkey_was_killed_and_comes_back(web_settings, log_file, own_valkey):
    web_settings = {**web_settings, "REDIS_URL": own_valkey.url}
    with (
        serve(log_file, web_settings) as web,
        own_valkey.client() as bus,
        TestSource(bus) as source,
        _es(web) as client,
    ):
        client.wait_connected()
        source.publish(10)
        client.wait(lambda c: len(c.quotes()) == 10)

        own_valkey.kill()
        client.wait(lambda c: [event.data for event in c.named("status")] == [{"bus": "away"}])
        heartbeats = len(client.comments)
        client.wait(lambda c: len(c.comments) > heartbeats + 1)
        status, headers, _body = _get(f"{web.url}/api/quotes?symbols=ES")
        own_valkey.start()
        source.publish(10)
        client.wait(lambda c: len(c.quotes()) == 20)

    assert (status, headers["Retry-After"]) == (503, "2")
    assert [event.data["bus"] for event in client.named("status")] == ["away", "back"]
    assert [quote.data["volume"] for quote in client.quotes()] == list(range(1, 21))
    assert client.named("reset") == []


def test_a_client_that_resumes_while_valkey_is_away_gets_what_it_missed_later(web_settings, log_file, own_valkey):
    web_settings = {**web_settings, "REDIS_URL": own_valkey.url}
    with serve(log_file, web_settings) as web, own_valkey.client() as bus, TestSource(bus) as source:
        source.publish(10)
        third = bus.xrange(keys.STREAM)[2][0]
        own_valkey.kill()
        with _es(web, third) as client:
            client.wait(lambda c: bool(c.named("status")))
            own_valkey.start()
            source.publish(1)
            client.wait(lambda c: len(c.quotes()) == 8)

    assert [quote.data["volume"] for quote in client.quotes()] == list(range(4, 12))
    assert client.named("reset") == []


def test_a_server_that_lost_the_stream_makes_every_client_reset(web_settings, log_file, own_valkey):
    with serve(log_file, {**web_settings, "REDIS_URL": own_valkey.url}) as web, _es(web) as client:
        client.wait_connected()
        with own_valkey.client() as bus, TestSource(bus) as source:
            source.publish(3)
            client.wait(lambda c: len(c.quotes()) == 3)
        own_valkey.kill()
        own_valkey.forget()
        own_valkey.start()
        with own_valkey.client() as bus, TestSource(bus) as source:
            client.wait(lambda c: bool(c.named("reset")))
            source.publish(2)
            client.wait(lambda c: len(c.quotes()) == 5)

    assert [event.data for event in client.named("reset")] == [{"reason": "restarted"}]


def _es(web: WebServer, last_event_id: str | None = None) -> SseClient:
    return SseClient(f"{web.url}/api/quotes/stream?symbols=ES", last_event_id=last_event_id)


class OwnValkey:
    """A Valkey for one test, to be killed and started again."""

    def __init__(self, directory: Path) -> None:
        self._server = EmbeddedValkey(directory, free_port(), uuid4().hex)
        self._process: subprocess.Popen[bytes] | None = None
        self.url = self._server.url

    def start(self) -> None:
        self._server.prepare()
        self._process = subprocess.Popen(self._server.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert _eventually(self._server.is_ready)

    def kill(self) -> None:
        assert self._process
        with self.client() as client:  # A busy disk may hold back the last second of the append-only file.
            client.set("all-before-this-is-on-disk", 1)
            client.waitaof(1, 0, 10_000)
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def forget(self) -> None:
        for file in (self._server.home / "appendonlydir").iterdir():
            file.unlink()

    @contextlib.contextmanager
    def client(self) -> Iterator[Redis]:
        client = connect(self.url)
        yield client
        client.close()


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[OwnValkey]:
    server = OwnValkey(tmp_path / "own")
    server.start()
    yield server
    server.kill()


@contextlib.contextmanager
def _publishing_steadily(source: TestSource) -> Iterator[None]:
    stopping = Event()

    def publish() -> None:
        while not stopping.wait(0.01):
            source.publish(6, ["ES", "NQ", "YM"])

    thread = Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _resume(url: str, first_id: str, count: int) -> list[str]:
    with SseClient(url, last_event_id=first_id) as client:
        client.wait(lambda c: len(c.quotes()) >= count)
    return [quote.id for quote in client.quotes()]


def _after(entry_id: str, start: str) -> bool:
    return tuple(map(int, entry_id.split("-"))) > tuple(map(int, start.split("-")))


def _stream_check(web: WebServer) -> dict[str, object]:
    _status, _headers, body = _get(f"{web.url}/api/health/ready")
    return next(check for check in body["checks"] if check["name"] == "stream")


def _connections(web: WebServer) -> int:
    port = urllib.parse.urlsplit(web.url).port
    return sum(found.laddr.port == port and bool(found.raddr) for found in web.worker().net_connections("tcp"))


def _get(url: str):
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, json.load(error)


def _eventually(condition: Callable[[], object], deadline_s: float = 20) -> bool:
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False
